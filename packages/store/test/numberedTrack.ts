import { toAccepted } from "./toAccepted.ts";

/** Event number so and so, of one of ten users. */
export const numberedTrack = (number: number, context: object = {}) =>
	toAccepted(
		{
			type: "track",
			event: "Seen",
			messageId: `m${number}`,
			userId: `u${number % 10}`,
			timestamp: "2026-01-31T12:00:00.000Z",
			context: context as never,
		},
		{ source: "server", trust: "server" },
	);
