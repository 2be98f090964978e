import type { IdentifierFact, RegionFact, Tail } from "@selfsame/identity";

/**
 * Bits of `identifiers.flags`. `unproven` and `believed` are of users: first seen in an event that was neither believed nor
 * proven, and seen in one that was. Older versions knew neither, and whom they saw counts as before.
 */
export const flag = { seen: 1, led: 2, corrected: 4, aliased: 8, unproven: 16, believed: 32, counted: 64 } as const;

/** Whether an event that was believed or proven carries a user, as its flags say. */
const isBelieved = (flags: number): boolean =>
	(flags & flag.seen) !== 0 && ((flags & flag.unproven) === 0 || (flags & flag.believed) !== 0);

export const regionStates = ["settled", "contested", "tight", "shared"] as const;

/** A row of `identifiers`, as writers keep it in memory. */
export interface IdentifierRow {
	id: number;
	type: string;
	/** Null after a deletion. */
	value: string | null;
	/** What is left of a deleted name: its keyed hash, in hex. Null while it lives. */
	erased: string | null;
	flags: number;
	root: number;
	state: number;
	owner: number | null;
	size: number;
	limited: string | null;
	/** Of the region: see `RegionFact.latest`. */
	latest: number | null;
	/** As JSON: see `IdentifierFact`. */
	seenWith: string | null;
	tail: string | null;
	/** Made by the batch at hand. */
	fresh: boolean;
}

/** What is left of a deleted name. */
export interface ErasedName {
	type: string;
	key: Buffer;
	diedAt: number;
}

/** A row as `identifierColumns` selects it. */
export interface IdentifierColumns extends Omit<IdentifierRow, "erased" | "fresh"> {
	erased: Buffer | null;
}

export const identifierColumns = `id, type, value, CASE WHEN value IS NULL THEN key END AS erased,
	flags, root, state, owner, size, limited, latest, seen_with AS "seenWith", tail`;

/** What a row begins with that no batch has decided about yet. */
export const undecided = { state: 0, owner: null, size: 1, latest: null, seenWith: null, tail: null } as const;

export const toIdentifierRow = (row: IdentifierColumns): IdentifierRow => ({
	...row,
	erased: row.erased && erasedHex(row.erased),
	fresh: false,
});

/** The key of a deleted name as `IdentifierRow` holds it. */
export const erasedHex = (key: Buffer): string => key.toString("hex").toUpperCase();

export function identifierFact(row: IdentifierRow): IdentifierFact {
	return {
		id: row.id,
		type: row.type,
		// Nobody can tell any more where a deleted name stood among others of its type: it stands last.
		value: row.value ?? `\u{10ffff}${row.erased}`,
		root: row.root,
		seen: (row.flags & flag.seen) !== 0,
		believed: isBelieved(row.flags),
		corrected: (row.flags & flag.corrected) !== 0,
		counted: (row.flags & flag.counted) !== 0,
		aliased: (row.flags & flag.aliased) !== 0,
		fresh: row.fresh,
		seenWith: parse<Record<string, number>>(row.seenWith),
		tail: parse<Tail>(row.tail),
	};
}

export function regionFact(row: IdentifierRow): RegionFact {
	return {
		root: row.id,
		state: regionStates[row.state] ?? "settled",
		owner: row.owner,
		size: row.size,
		limited: parse<Record<string, number>>(row.limited),
		latest: row.latest,
	};
}

const parse = <T>(json: string | null): T | null => (json === null ? null : (JSON.parse(json) as T));
