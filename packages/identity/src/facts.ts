import type { Position } from "./order.ts";
import type { Span, Tail } from "./replay.ts";

/**
 * What the store knows of an identifier. `root` says whom it is with, whatever the time:
 * a user's alias group, or any other identifier's region. Both are named by one of their members.
 */
export interface IdentifierFact {
	id: number;
	type: string;
	value: string;
	root: number;
	/** Whether an event carried it in its own field, not only as an alias's `previousId`. */
	seen: boolean;
	/** Of a user: whether such an event was believed or proven. */
	believed: boolean;
	/** Whether an unlink or unmerge names it, or takes away an alias of it: then evidence about it needs a second look. */
	corrected: boolean;
	/** Of a corrected one: whether evidence about it that counts is kept apart, so that `Moment` tells of no other. */
	counted: boolean;
	/** Whether an alias's `previousId` was ever read as it. Then events of the user who has it tell of new sightings. */
	aliased: boolean;
	/** Whether this batch made it: nothing stored can name it yet. */
	fresh: boolean;
	/** Of a user: how many identifiers of each type with a limit it was seen with; null: none. */
	seenWith: Readonly<Record<string, number>> | null;
	/** How the profile ends that this identifier stands for, where a limit is in reach of it; null elsewhere. */
	tail: Tail | null;
}

/**
 * A set of identifiers, other than users, that events without a `user_id` have joined.
 *
 * - `settled`: one owner for all time, a user or nobody (then the region is a profile of its own). No spans.
 * - `contested`: two or more users; each identifier has spans.
 * - `tight`: so many identifiers of a limited type, in it or at a user it hangs under, that order decides; spans too.
 * - `shared`: one identifier that too many users had; identifies nobody.
 */
export interface RegionFact {
	root: number;
	state: "settled" | "contested" | "tight" | "shared";
	/** The user that a settled region belongs to. */
	owner: number | null;
	/** How many identifiers it has. */
	size: number;
	/** How many of each limited type; null where none, as nearly always, and where the region is shared. */
	limited: Record<string, number> | null;
	/** The time of the latest evidence about any member, ms, where that was worked out already. */
	latest: number | null;
}

/** An identifier seen in an event that another one led, as stored. */
export interface EvidenceRow {
	/** The event's number in the store. */
	seq: number;
	position: Position;
	lead: number;
	identifier: number;
	/** It came as an alias's `previousId`. */
	previous: boolean;
}

/** An alias of two ids as stored, whichever way its `previousId` is read at present. */
export interface AliasRow {
	/** The event's; of a merge the negative number of the correction that it is. */
	seq: number;
	position: Position;
	user: number;
	/** The `previousId` read as a user. */
	previousUser: number;
	/** The `previousId` read as an anonymous id. */
	previousAnonymous: number;
	/** How it is read at present. */
	as: "user" | "anonymous";
	/** Whether its source is believed to join two users. */
	trusted: boolean;
	/** Made by a person through the API; no event. */
	merge?: boolean;
}

/**
 * What stands around one instant in the life of one identifier that is a region of its own. So evidence without a user
 * does not count here: it would have joined another. Of an identifier that is `counted`, evidence that a correction took
 * away is left out.
 */
export interface Moment {
	/** Who owns it at that instant; null where it has no spans, so that its region's owner does. */
	owner: number | null;
	/** Whether any evidence about it is earlier. */
	hasEarlier: boolean;
	/** The next evidence about it: when, and which user led. Null: none is later. */
	next: { position: Position; lead: number } | null;
}

/** How far a correction reaches. Of several about the same, the greatest of each. */
export interface Reach {
	/** Its number: merges that people made before it are off. */
	id: number;
	/** ms; links of events dated before it are off. */
	before: number;
}

/** A correction that takes away links between two identifiers. */
export interface Unlink extends Reach {
	a: number;
	b: number;
}

/** Whether a correction stands against a link: an event's by when it is dated, a person's merge by when it was made. */
export function standsAgainst({ id, before }: Reach, { seq, position }: Pick<AliasRow, "seq" | "position">): boolean {
	return seq < 0 ? -seq < id : position.timestamp < before;
}

/** Everything `decideBatch` may have to know, loaded piece by piece as it asks. */
export interface Facts {
	identifiers: Map<number, IdentifierFact>;
	/** By root. */
	regions: Map<number, RegionFact>;
	/** Members of a region or an alias group, by root. */
	members: Map<number, readonly number[]>;
	/** Users that an identifier was seen with in one event, each in its own field: an alias's `previousId` is none. */
	adjacent: Map<number, readonly number[]>;
	/** Of these, users that are crowded for its type: their evidence about it does not count. Loaded with `adjacent`. */
	crowded: Map<number, readonly number[]>;
	/** Whether an identifier and a user were seen in one event, by `pairKey`. */
	together: Map<string, boolean>;
	/** Identifiers of a type with a limit that a user was seen with. */
	seenOf: Map<number, readonly number[]>;
	/** Identifiers that events without a user link with one that leads them, by that one. */
	joints: Map<number, readonly number[]>;
	/** Spans as stored, by identifier. */
	spans: Map<number, readonly Span[]>;
	/** Evidence that links an identifier as a non-lead, by that identifier. */
	evidence: Map<number, readonly EvidenceRow[]>;
	/** By `momentKey`. */
	moments: Map<string, Moment>;
	/** Roots of the regions with limited identifiers that a user is adjacent to. */
	limitedRegions: Map<number, readonly number[]>;
	/**
	 * The time of the latest evidence about any member of a region, by root, ms; null where there is none. Of members that
	 * are `counted`, of what counts.
	 */
	latestEvidence: Map<number, number | null>;
	unlinks: Map<number, readonly Unlink[]>;
	/** By user, or the anonymous id of the same value: which aliases that name it are off. */
	unmerges: Map<number, Reach | null>;
	/** Aliases that name an identifier, as `userId` or as either reading of `previousId`. */
	aliases: Map<number, readonly AliasRow[]>;
}

/** Facts that a decision lacks; the driver loads them and asks again. */
export type Need =
	| { kind: "identifier"; id: number }
	| { kind: "region"; id: number }
	| { kind: "members"; id: number }
	| { kind: "adjacent"; id: number }
	| { kind: "evidence"; id: number }
	/** Evidence led by a user of `except` does not count. */
	| { kind: "moment"; id: number; position: Position; except: readonly number[] }
	| { kind: "together"; id: number; user: number }
	| { kind: "seenOf"; id: number }
	| { kind: "joints"; id: number }
	| { kind: "spans"; id: number }
	| { kind: "limitedRegions"; id: number }
	| { kind: "latestEvidence"; id: number }
	| { kind: "unlinks"; id: number }
	| { kind: "unmerges"; id: number }
	| { kind: "aliases"; id: number };

/** Adds up counts of limited identifiers. */
export function sumOf(counts: Iterable<Readonly<Record<string, number>> | null>): Record<string, number> | null {
	let total: Record<string, number> | null = null;
	for (const one of counts) {
		if (one === null) continue;
		total ??= {};
		for (const [type, count] of Object.entries(one)) total[type] = (total[type] ?? 0) + count;
	}
	return total;
}

export const pairKey = (id: number, user: number): string => `${id} ${user}`;

export function momentKey(id: number, position: Position): string {
	return `${id} ${position.timestamp} ${position.source} ${position.messageId}`;
}

export function emptyFacts(): Facts {
	return {
		identifiers: new Map(),
		regions: new Map(),
		members: new Map(),
		adjacent: new Map(),
		crowded: new Map(),
		together: new Map(),
		seenOf: new Map(),
		joints: new Map(),
		spans: new Map(),
		evidence: new Map(),
		moments: new Map(),
		limitedRegions: new Map(),
		latestEvidence: new Map(),
		unlinks: new Map(),
		unmerges: new Map(),
		aliases: new Map(),
	};
}
