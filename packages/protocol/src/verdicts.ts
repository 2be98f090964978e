/** Why one event was not accepted. Stable: clients and dashboards may match on these. */
export type RejectionCode =
	/** Not an object, or a field of it has the wrong type. */
	| "invalid_event"
	/** `type` is missing or none of the six calls. */
	| "invalid_type"
	/** An id that cannot be trusted: a number that has lost digits already, or too long. */
	| "invalid_id"
	/** `messageId` is no string, or too long. */
	| "invalid_message_id"
	/** The event's own text is no JSON: `NaN`, single quotes, a raw line break in a string. */
	| "invalid_json"
	/** A timestamp that is no ISO 8601 date. */
	| "invalid_timestamp"
	/** More than 128 KiB. */
	| "event_too_large"
	/** Nested deeper than 100 levels. */
	| "event_too_deep"
	/** More than 100 `context.externalIds`. */
	| "too_many_identifiers"
	/** Past the 2,500th event of its batch, or past what all of its events together may become once they are stored. */
	| "batch_too_long"
	/** Valid, and yet storage refused this one event. */
	| "not_storable";

/** Something a sender should look at, though the event was accepted. */
export type WarningCode =
	/** No `userId` and no `anonymousId`: kept, but it belongs to nobody. */
	| "no_identifier"
	/** An id of a type that cannot identify (an array, an object, a boolean) was ignored. */
	| "ignored_id"
	/** Dated later than the allowed future: clamped to the time of receipt. */
	| "clamped_timestamp"
	/** An id that is a placeholder, such as `null` or `0`: it identifies nobody. */
	| "blocked_id"
	/** A batch-level `context` or `integrations` too large to be copied into each event: left out. */
	| "context_too_large"
	/** A number beyond what JSON readers hold: left out, or stored with the digits that are left. */
	| "number_too_large"
	/** A `group` call without the proof that its source demands: no membership and no group traits. */
	| "unproven_group"
	/** A `userId` without the proof that its source demands: kept as `claimedUserId`. */
	| "unproven_user_id";

/** One event that was not accepted. */
export interface Rejection {
	/** Its position in the batch, from 0. */
	index: number;
	messageId: string | null;
	code: RejectionCode;
	/** One sentence for a person: what is wrong and what to do. */
	detail: string;
}

/** One thing to look at. */
export interface Warning {
	index: number;
	code: WarningCode;
	detail: string;
}

/** The 200 answer of an ingest call; the four counts add up to the events that were sent. */
export interface IngestAnswer {
	success: true;
	accepted: number;
	/** Already stored under their `messageId`; nothing changed. */
	duplicates: number;
	/** Of suppressed or deleted people. */
	dropped: number;
	rejected: Rejection[];
	/** At most 100. */
	warnings: Warning[];
}

/** An RFC 9457 problem, as every error answer of the collector. */
export interface Problem {
	type: string;
	title: string;
	status: number;
	/** Stable, such as `invalid_json`. */
	code: string;
	detail: string;
}
