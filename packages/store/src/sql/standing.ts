import type { AcceptedEvent } from "@selfsame/protocol";

/**
 * `events.trusted`: how far its user is believed. 0 is what older versions kept of every client source: nobody knows any
 * more whether a user was proven, and it counts as if.
 */
const standing = { clientOfOlderVersion: 0, server: 1, provenClient: 2, unprovenClient: 3 } as const;

export function standingOf({ trust, proven }: Pick<AcceptedEvent, "trust" | "proven">): number {
	if (trust === "server") return standing.server;
	if (proven === undefined) return standing.clientOfOlderVersion;
	return proven ? standing.provenClient : standing.unprovenClient;
}

/** What `standingOf` was told. */
export function fromStanding(trusted: number): Pick<AcceptedEvent, "trust" | "proven"> {
	if (trusted === standing.server) return { trust: "server" };
	if (trusted === standing.clientOfOlderVersion) return { trust: "client" };
	return { trust: "client", proven: trusted === standing.provenClient };
}

/** Whether an event's user is believed, or proven. */
export const isBelievedUser = (event: Pick<AcceptedEvent, "trust" | "proven">): boolean =>
	standingOf(event) !== standing.unprovenClient;

/** The condition that an event row's user is believed, or proven. */
export const believedUser = `trusted <> ${standing.unprovenClient}`;
