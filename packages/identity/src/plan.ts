import type { EvidenceRow, RegionFact } from "./facts.ts";
import type { Position } from "./order.ts";
import type { Span, Tail } from "./replay.ts";

/** An event as identity sees it, before it is stored. */
export interface Candidate {
	/** The number that the event will have in the store. */
	seq: number;
	position: Position;
	/** Its best usable identifier, by id. */
	lead: number;
	/** Its other usable identifiers, best first; an alias's `previousId` is not among them. */
	others: readonly number[];
	/** Whether its `userId` is believed, as a server's, or proven. */
	believed: boolean;
	/** Both readings of an alias's `previousId`. */
	alias?: { previousUser: number; previousAnonymous: number; trusted: boolean };
}

/** Parts of the state to decide anew from their evidence, after a correction or a deletion. */
export interface Revision {
	/** Identifiers other than users, whose regions are to be taken apart and put together. */
	regions: readonly number[];
	/** Users, whose alias groups are. */
	groups: readonly number[];
	/** Identifiers that events (or those that are believed) may have ceased to carry, so that aliases may read otherwise. */
	unseen?: readonly number[];
}

/** How the spans of one identifier change. */
export interface SpanEdit {
	/** Whether all spans go before the others come. */
	clear: boolean;
	/** Spans to write, over any that begins at the same position. */
	put: Span[];
	/** Positions at which a span no longer begins. */
	cut: Position[];
}

/** Evidence about an identifier that a correction is about, which counts all the same. */
export interface CountingRow extends EvidenceRow {
	/** No user led. */
	joint: boolean;
}

/** What happened to identity, for the change log. */
export interface Change {
	/**
	 * `claim`: a region went to a user. `union`: two regions or alias groups became one. `contest`: a region has more
	 * than one owner now. `split`: a region or group came apart. `share`: an identifier identifies nobody from now on.
	 */
	kind: "claim" | "union" | "contest" | "split" | "share";
	identifier: number;
	/** The user who claims, or whom it was joined with. */
	other: number | null;
	/** The event that made it, where one did. */
	seq: number | null;
}

/** What a batch of events does to identity, as data: it can be applied, logged and shown. */
export interface Plan {
	/** Identifiers that an event now carries in its own field, for the first time. */
	seen: Set<number>;
	/** Users that an event which is believed or proven now carries, for the first time. */
	believed: Set<number>;
	/** Users that are seen for the first time, in an event that is neither. */
	unproven: Set<number>;
	/** Identifiers about which evidence is stored that does not count, because of a correction of an alias. */
	corrected: Set<number>;
	/** All evidence that counts about identifiers which a correction is about; replaces what was kept of it. */
	counting: Map<number, readonly CountingRow[]>;
	/** More of it, about identifiers of which it is kept. */
	addCounting: CountingRow[];
	/** Identifiers that an alias's `previousId` is read as. */
	aliased: Set<number>;
	/** Identifiers that change their region or alias group. */
	roots: Map<number, number>;
	/** Regions and alias groups as they are now, by root; to be written after `roots`. */
	regions: Map<number, RegionFact>;
	spans: Map<number, SpanEdit>;
	/** All users that an identifier was seen with; replaces what was known. */
	adjacent: Map<number, readonly number[]>;
	/** Of these, users whose evidence about it does not count, since they are crowded for its type. */
	crowded: Map<number, readonly number[]>;
	/** Users that an identifier was seen with besides those known, where whom it belongs to may not have changed. */
	seenWith: { identifier: number; user: number; crowded: boolean }[];
	/** How many identifiers of each type with a limit a user was seen with; replaces what was known. */
	seenCounts: Map<number, Readonly<Record<string, number>>>;
	/** How profiles end of which a limit is in reach; null: of this one none is any more. */
	tails: Map<number, Tail | null>;
	/** Regions, by root, of which the users are written anew that may be nearer to a limit by them. */
	limitedUsers: Map<number, { clear: boolean; users: Set<number> }>;
	/** How each alias of the batch reads its `previousId`, and earlier aliases that read it differently from now on. */
	readings: Map<number, "user" | "anonymous">;
	/** Evidence to add: what the anonymous reading of an alias links. */
	addEvidence: EvidenceRow[];
	removeEvidence: EvidenceRow[];
	changes: Change[];
	/** How the batch was decided, for the metrics. */
	counts: { fast: number; window: number; rebuilt: number };
}

export function emptyPlan(): Plan {
	return {
		seen: new Set(),
		believed: new Set(),
		unproven: new Set(),
		corrected: new Set(),
		counting: new Map(),
		addCounting: [],
		aliased: new Set(),
		roots: new Map(),
		regions: new Map(),
		spans: new Map(),
		adjacent: new Map(),
		crowded: new Map(),
		seenWith: [],
		seenCounts: new Map(),
		tails: new Map(),
		limitedUsers: new Map(),
		readings: new Map(),
		addEvidence: [],
		removeEvidence: [],
		changes: [],
		counts: { fast: 0, window: 0, rebuilt: 0 },
	};
}
