import type { AcceptedEvent } from "@selfsame/protocol";
import { toAccepted } from "./toAccepted.ts";

/** Events of the odd kinds that whoever reads data out must get right: characters, numbers, fields of no table. */
export function oddEvents(): AcceptedEvent[] {
	const odd = [
		'a"b',
		"semi:colon/slash",
		"😀 four bytes",
		"x".repeat(1_000),
		"line\nbreak",
		"'); DROP TABLE events; --",
	];
	const events = odd.map((userId, index) =>
		toAccepted(
			{
				type: "identify",
				messageId: `m${index}`,
				userId,
				timestamp: `1969-12-31T23:59:59.00${index}Z`,
				traits: { [userId]: userId, number: 1e21, small: 5e-324, nested: { "a.b": [1, null, "ä"] } },
			},
			{ source: "server", trust: "server" },
		),
	);
	const claimed = {
		...toAccepted({ type: "track", messageId: "c", timestamp: "2026-01-31T00:00:00.001Z" } as never, {
			source: "web",
			trust: "client",
		}),
	};
	claimed.claims = { anonymousId: 0.1 + 0.2, claimedUserId: 1e21 };
	claimed.payload = JSON.stringify({ properties: { price: 9.5 }, integrations: { All: true }, seq: "theirs" });
	return [...events, claimed];
}
