/** What one ingest request may hold. Published in `docs/decisions/wire-contract.md`; clients may rely on them. */
export const limits = {
	/** Bytes of one event's JSON text. */
	eventBytes: 128 * 1024,
	/** Bytes of a request body, after decompression. */
	bodyBytes: 4 * 1024 * 1024,
	/** Events of one batch; those past it are rejected one by one. */
	batchEvents: 2_500,
	/** Characters of a `messageId`. */
	messageIdLength: 256,
	/** Characters of any id; a longer one is a mistake (a token, a document) and would bloat every index it is in. */
	idLength: 1_024,
	/** Characters of an event's, page's or screen's name. */
	nameLength: 1_024,
	/** `context.externalIds` of one event. */
	externalIds: 100,
	/** Levels of arrays and objects in one event, itself included. */
	depth: 100,
	/** A difference between `sentAt` and the time of receipt below this is transit, not a wrong clock. ms. */
	skewTolerance: 2_000,
	/** Default for how far into the future an event may be dated before it is clamped to its receipt. ms. */
	futureSkew: 24 * 60 * 60 * 1_000,
} as const;
