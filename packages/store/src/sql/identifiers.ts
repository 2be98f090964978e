import type { IdentityConfig } from "@selfsame/identity";
import type { Identifier } from "@selfsame/protocol";
import { identifierKey } from "./hashes.ts";
import {
	type ErasedName,
	erasedHex,
	type IdentifierColumns,
	type IdentifierRow,
	identifierColumns,
	toIdentifierRow,
	undecided,
} from "./identifierRows.ts";
import type { PastLife } from "./inheritCorrections.ts";
import type { KeyedHash } from "./keyedHash.ts";
import { all, get, pluck, type Work, writing } from "./work.ts";

/** Gives out the numbers of new identifiers. */
export interface IdentifierIds {
	next(): Work<number>;
	/** Trusts nothing that was read so far: a transaction failed, or somebody else wrote. */
	forget(): void;
}

export interface IdentifiersOptions {
	config: IdentityConfig;
	hash: KeyedHash;
	ids: IdentifierIds;
	/** How many identifiers are kept in memory from one transaction to the next; default none are let go. */
	most?: number;
}

const select = `SELECT ${identifierColumns} FROM identifiers`;
const byKey = `${select} WHERE key = ? AND died_at IS NULL`;
const byId = `${select} WHERE id = ?`;
const nextDead = `${select} WHERE key = ? AND died_at > ? ORDER BY died_at LIMIT 1`;
const allDead = `${select} WHERE key = ? AND died_at IS NOT NULL`;
const lastLife = `SELECT id, died_at AS "diedAt" FROM identifiers WHERE key = ? AND died_at IS NOT NULL
	ORDER BY died_at DESC LIMIT 1`;
const deadAt = `${select} WHERE key = ? AND died_at = ?`;
const insert = `INSERT INTO identifiers (id, key, type, value, flags, died_at, root, limited)
	VALUES (?, ?, ?, ?, 0, ?, ?, ?)`;

const nameOf = ({ type, value }: Identifier) => `${type}\n${value}`;

/** The limited identifiers of a region that has this one alone. */
export const limitedAlone = (config: IdentityConfig, type: string): string | null =>
	config.identifiers[type]?.limit == null || type === "user_id" ? null : `{"${type}":1}`;

/**
 * Finds and makes identifiers for whoever writes, and trusts its memory: for as long as nobody else writes. After a failed
 * transaction the memory is to be forgotten.
 */
export function createIdentifiers({ config, hash, ids, most = Number.POSITIVE_INFINITY }: IdentifiersOptions) {
	const byName = new Map<string, IdentifierRow>();
	const rows = new Map<number, IdentifierRow>();
	/** Whether any name was deleted; null: not known yet. */
	let deletions: boolean | null = null;
	let fresh: IdentifierRow[] = [];

	const remember = (row: IdentifierRow): IdentifierRow => {
		const known = rows.get(row.id);
		if (known) return known;
		rows.set(row.id, row);
		return row;
	};

	function* load(sql: string, ...values: (Buffer | number)[]): Work<IdentifierRow | undefined> {
		const found = yield* get<IdentifierColumns>(sql, ...values);
		return found && remember(toIdentifierRow(found));
	}

	function* make(key: Buffer, type: string, value: string | null, diedAt: number | null): Work<IdentifierRow> {
		const id = yield* ids.next();
		const limited = limitedAlone(config, type);
		yield writing(insert, id, key, type, value, diedAt, id, limited);
		const erased = value === null ? erasedHex(key) : null;
		const row = { id, type, value, erased, flags: 0, root: id, ...undecided, limited, fresh: true };
		fresh.push(row);
		return remember(row);
	}

	/** Whether a name may mean somebody who was deleted. */
	function* hasDeletions(): Work<boolean> {
		deletions ??= (yield* pluck<number>("SELECT 1 FROM deletions LIMIT 1")) !== undefined;
		return deletions;
	}

	/** The row of an identifier whose name was deleted, for events dated before that; undefined: use the living one. */
	function* findDead(identifier: Identifier, timestamp: number): Work<IdentifierRow | undefined> {
		if (!(yield* hasDeletions())) return undefined;
		return yield* load(nextDead, hash.identifier(identifierKey(identifier)), timestamp);
	}

	return {
		/** The row that an event dated `timestamp` means by an identifier; made where there is none. */
		*resolve(identifier: Identifier, timestamp: number): Work<IdentifierRow> {
			const past = deletions === false ? undefined : yield* findDead(identifier, timestamp);
			if (past) return past;
			const name = nameOf(identifier);
			const known = byName.get(name);
			if (known) return known;
			const key = identifierKey(identifier);
			const row = (yield* load(byKey, key)) ?? (yield* make(key, identifier.type, identifier.value, null));
			byName.set(name, row);
			return row;
		},

		/** The same where memory alone can tell. */
		known: (identifier: Identifier): IdentifierRow | undefined =>
			deletions === false ? byName.get(nameOf(identifier)) : undefined,

		/** The life that a name had before its present one; undefined where it has had no other. */
		*lastLife(identifier: Identifier): Work<PastLife | undefined> {
			if (!(yield* hasDeletions())) return undefined;
			return yield* get<PastLife>(lastLife, hash.identifier(identifierKey(identifier)));
		},

		/** The rows of an identifier whose name was deleted, one for each deletion. */
		*erased(identifier: Identifier): Work<IdentifierRow[]> {
			if (!(yield* hasDeletions())) return [];
			const found = yield* all<IdentifierColumns>(allDead, hash.identifier(identifierKey(identifier)));
			return found.map((row) => remember(toIdentifierRow(row)));
		},

		/** The row of a deleted name that another database of this workspace has; made where there is none. */
		*resolveErased({ type, key, diedAt }: ErasedName): Work<IdentifierRow> {
			return (yield* load(deadAt, key, diedAt)) ?? (yield* make(key, type, null, diedAt));
		},

		*byId(id: number): Work<IdentifierRow> {
			const row = rows.get(id) ?? (yield* load(byId, id));
			if (!row) throw new Error(`identifier ${id} is missing from the database`);
			return row;
		},

		/** The same where memory alone can tell. */
		knownById: (id: number): IdentifierRow | undefined => rows.get(id),

		/** Puts a row in memory that was read or made elsewhere; answers with the one that is there already. */
		learn(row: IdentifierRow): IdentifierRow {
			const learnt = remember(row);
			if (learnt.fresh) fresh.push(learnt);
			if (learnt.value !== null) byName.set(nameOf({ type: learnt.type, value: learnt.value }), learnt);
			return learnt;
		},

		hasDeletions,

		/** Ends a batch that was committed. */
		settle(): void {
			for (const row of fresh) row.fresh = false;
			fresh = [];
			if (rows.size > most) {
				rows.clear();
				byName.clear();
			}
		},

		/** Forgets everything read so far, after a rollback or a deletion. */
		forget(): void {
			rows.clear();
			byName.clear();
			fresh = [];
			ids.forget();
			deletions = null;
		},
	};
}

export type Identifiers = ReturnType<typeof createIdentifiers>;
