/** The six calls of the Segment tracking specification. */
export type EventType = "track" | "identify" | "page" | "screen" | "group" | "alias";

/** A JSON value as it came over the wire. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** Whom a source's claims are believed from: a server's key is secret, a client's key is public. */
export type Trust = "server" | "client";

/**
 * What an event says about whom it concerns, as it was sent: not yet normalised, not yet checked against blocked
 * values, and not yet believed. `identity` turns it into identifiers.
 */
export interface Claims {
	userId?: string | number;
	anonymousId?: string | number;
	/** `alias` only. */
	previousId?: string | number;
	/** `group` only. Names a group, identifies nobody. */
	groupId?: string | number;
	/** `traits.email` and `context.traits.email`; left out for `group`, where they are the group's. */
	emails?: (string | number)[];
	/** Emails that the site's backend vouched for in an identity token: they identify, whatever the source. */
	provenEmails?: string[];
	/** `context.externalIds`, in the order they came. */
	externalIds?: { type: string; id: string | number }[];
	/** A `userId` that needed proof and had none: kept to be shown, identifies nobody. */
	claimedUserId?: string | number;
}

/** A valid event on its way into the store: its permanent core, and the payload that retention may drop. */
export interface AcceptedEvent {
	/** Which source sent it: the source's slug, such as `web`. With `messageId` unique for ever. */
	source: string;
	trust: Trust;
	/**
	 * Of a client source: whether an identity token proved its `userId`. Left out: not known, since an older version stored
	 * it; then it counts as proven, as it did.
	 */
	proven?: boolean;
	/** The write key it came in with, so that `selfsame purge` can undo what a leaked or abused one brought. */
	writeKey?: string;
	/** 1 to 256 characters. */
	messageId: string;
	type: EventType;
	/** Event time in ms since 1970, corrected for clock skew and clamped. */
	timestamp: number;
	/** Collector time in ms since 1970. */
	receivedAt: number;
	claims: Claims;
	/** The track event's name, or the page's or screen's. */
	name?: string;
	/** Trait writes of `identify` (the person's) and `group` (the group's). A `null` value removes its key. */
	traits?: JsonObject;
	/**
	 * Everything else as a JSON object's text: `properties`, `context`, `integrations`, original times. Not in it: what
	 * the fields above hold.
	 */
	payload: string;
}

/** What became of one event. */
export type IngestResult =
	| { verdict: "accepted"; seq: number }
	| { verdict: "duplicate" }
	/** Led by an identifier of a suppressed person. */
	| { verdict: "suppressed" }
	/** Dated before a deletion, and the deleted person's by the rule. */
	| { verdict: "erased" };

/** An identifier as readers see it. */
export interface Identifier {
	/** `user_id`, `anonymous_id`, `email`, or a configured type. */
	type: string;
	value: string;
}
