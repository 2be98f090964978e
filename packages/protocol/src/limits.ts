/** What one ingest request may hold. Published in `docs/decisions/wire-contract.md`; clients may rely on them. */
export const limits = {
	/** Bytes of one event's JSON text. */
	eventBytes: 128 * 1024,
	/** Bytes of a request body, after decompression. */
	bodyBytes: 4 * 1024 * 1024,
	/** Bytes of a body, after decompression, whose key is in neither a header nor `?writeKey=`: it is read before anybody knows whose it is. */
	unkeyedBodyBytes: 64 * 1024,
	/** Events of one batch; those past it are rejected one by one. */
	batchEvents: 2_500,
	/** Elements of one batch; more than these are refused as a whole (413), since each costs a verdict. */
	batchElements: 10_000,
	/** Arrays and objects in one body: some 80 an event. Parsed, an empty one takes twenty times its two bytes. */
	bodyContainers: 200_000,
	/** Bytes of a batch-level `context` or `integrations`, which is copied into each event. */
	sharedBytes: 4 * 1024,
	/** Characters that the events and dead letters of one batch may become, what stands at batch level copied into each. */
	batchStored: 8 * 1024 * 1024,
	/** Characters of `sentAt`, which is copied into each event: no time that can be read has more. */
	sentAtLength: 64,
	/** Bytes of a trait's key: what PostgreSQL can index, with room for a group's id. */
	traitKeyBytes: 1_024,
	/** Bytes of any id, for the same reason. */
	idBytes: 2_048,
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
	/** The most of it that a client source has, whose visitors' clocks nobody vouches for. ms. */
	clientFutureSkew: 60 * 1_000,
} as const;

/** What one filter may hold. In its published JSON Schema too, where that can say it. */
export const filterLimits = {
	/** Levels of `all`, `any` and `not`, those of `where` included. */
	depth: 12,
	/** Conditions in one `all` or `any`. */
	width: 100,
	/** Different traits, by their first key. */
	traits: 100,
	/** Values of one `in`. */
	choices: 1_000,
	/** Steps of a sequence. */
	steps: 5,
	/** Characters of a path, a name or a text that is compared with. */
	textLength: 1_024,
	/**
	 * What all conditions together may cost: 1 for each about a trait or a property, 10 more for each that looks through
	 * the events, a step of a sequence included.
	 */
	cost: 500,
} as const;
