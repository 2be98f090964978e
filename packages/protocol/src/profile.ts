import type { EventType, Identifier, Json, JsonObject } from "./event.ts";

/** A profile as `GET /v1/profiles/{ref}` answers with it. Times are ISO 8601 in UTC with milliseconds. */
export interface Profile {
	/** `pro_` and a uuid: a function of the event set, so two rebuilds agree. */
	id: string;
	/** What the profile holds now, best type first, then by value. */
	identifiers: (Identifier & { firstSeen: string; lastSeen: string })[];
	/** What it held earlier: `[from, to)`; `from` is null where it held the identifier from its beginning. */
	pastIdentifiers: (Identifier & { from: string | null; to: string })[];
	traits: JsonObject;
	groups: { id: string; traits: JsonObject }[];
	eventCount: number;
	firstSeen: string | null;
	lastSeen: string | null;
}

/** An event as readers see it. */
export interface EventView {
	type: EventType;
	/** `track` only. */
	event?: string;
	/** `page` and `screen`. */
	name?: string;
	messageId: string;
	source: string;
	timestamp: string;
	receivedAt: string;
	userId?: string;
	anonymousId?: string;
	previousId?: string;
	groupId?: string;
	claimedUserId?: string;
	properties?: JsonObject;
	traits?: JsonObject;
	context: JsonObject;
	[rest: string]: Json | undefined;
}

/** Why the identifiers of a profile are one person, and which links were refused. */
export interface IdentityView {
	identifiers: Identifier[];
	links: {
		a: Identifier;
		b: Identifier;
		messageId: string;
		source: string;
		timestamp: string;
		/** `event`: seen together. `alias`: joined by an alias. `merge`: joined by a person through the API. */
		kind: "event" | "alias" | "merge";
	}[];
	refused: {
		identifier: Identifier;
		/** What it was not linked to. */
		from: Identifier;
		/**
		 * `limit`: the profile holds as many of the type as it may. `moved`: the union would break a limit, so the
		 * identifier alone moved. `shared`: the anonymous id is seen with too many users. `unlinked` and `unmerged`: a
		 * correction stands against it. `untrusted`: a client source may not make this link.
		 */
		reason: "limit" | "moved" | "shared" | "crowded" | "unlinked" | "unmerged" | "untrusted";
		messageId: string;
		source: string;
		timestamp: string;
	}[];
}

/** One write of one trait. */
export interface TraitWrite {
	value: Json;
	timestamp: string;
	messageId: string;
	source: string;
	/** Whether this write is the one the profile shows (a winning `null` shows as no trait). */
	won: boolean;
}

/** A page of a keyset-paged list. */
export interface Page<T> {
	data: T[];
	page: { next: string | null; hasMore: boolean; limit: number };
}

/** `GET /v1/stats`. */
export interface Stats {
	events: number;
	profiles: number;
	duplicates: number;
	rejected: number;
	unattributed: number;
	suppressed: number;
	erased: number;
}
