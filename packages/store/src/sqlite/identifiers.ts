import type { IdentifierFact, IdentityConfig, RegionFact } from "@selfsame/identity";
import type { Identifier } from "@selfsame/protocol";
import { identifierKey, type KeyedHash } from "./hashes.ts";
import type { SqliteDatabase } from "./openDatabase.ts";

/** Bits of `identifiers.flags`. */
export const flag = { seen: 1, led: 2, corrected: 4 } as const;

export const regionStates = ["settled", "contested", "tight", "shared"] as const;

/** A row of `identifiers`, as the writer keeps it in memory. */
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
	/** Made by the batch at hand. */
	fresh: boolean;
}

/** What is left of a deleted name. */
export interface ErasedName {
	type: string;
	key: Buffer;
	diedAt: number;
}

export const identifierColumns = `id, type, value, iif(value IS NULL, hex(key), NULL) AS erased,
	flags, root, state, owner, size, limited`;

/** How many identifiers the writer keeps in memory: about 100 MB at the most. */
const cacheSize = 200_000;

/**
 * Finds and makes identifiers for the one writer, which may trust its memory: nothing else writes. After a failed
 * transaction the memory is forgotten.
 */
export function createIdentifiers(database: SqliteDatabase, config: IdentityConfig, hash: KeyedHash) {
	const byKey = database.prepare(`SELECT ${identifierColumns} FROM identifiers WHERE key = ?`);
	const byId = database.prepare(`SELECT ${identifierColumns} FROM identifiers WHERE id = ?`);
	const insert = database.prepare(
		"INSERT INTO identifiers (id, key, type, value, flags, died_at, root, limited) VALUES (?, ?, ?, ?, 0, ?, ?, ?)",
	);
	const dead = database.prepare(
		`SELECT ${identifierColumns} FROM identifiers WHERE key = ? AND died_at > ? ORDER BY died_at LIMIT 1`,
	);
	const allDead = database.prepare(
		`SELECT ${identifierColumns} FROM identifiers WHERE key = ? AND died_at IS NOT NULL`,
	);
	const deadAt = database.prepare(`SELECT ${identifierColumns} FROM identifiers WHERE key = ? AND died_at = ?`);
	const maxId = database.prepare("SELECT coalesce(max(id), 0) FROM identifiers").pluck();
	const anyDead = database.prepare("SELECT 1 FROM deletions LIMIT 1").pluck();

	const byName = new Map<string, IdentifierRow>();
	const rows = new Map<number, IdentifierRow>();
	let nextId = (maxId.get() as number) + 1;
	let deletions = anyDead.get() !== undefined;
	let fresh: IdentifierRow[] = [];

	const remember = (row: IdentifierRow): IdentifierRow => {
		const known = rows.get(row.id);
		if (known) return known;
		rows.set(row.id, row);
		return row;
	};
	const load = (found: unknown): IdentifierRow | undefined =>
		found ? remember({ ...(found as Omit<IdentifierRow, "fresh">), fresh: false }) : undefined;

	const limitedOf = (type: string) =>
		config.identifiers[type]?.limit == null || type === "user_id" ? null : `{"${type}":1}`;

	const make = (key: Buffer, { type, value }: { type: string; value: string | null }, diedAt: number | null) => {
		const id = nextId++;
		const limited = limitedOf(type);
		insert.run(id, key, type, value, diedAt, id, limited);
		const erased = value === null ? key.toString("hex").toUpperCase() : null;
		const row = { id, type, value, erased, flags: 0, root: id, state: 0, owner: null, size: 1, limited, fresh: true };
		fresh.push(row);
		return remember(row);
	};

	/** The row of an identifier whose name was deleted, for events dated before that; undefined: use the living one. */
	const findDead = (identifier: Identifier, timestamp: number) => {
		if (!deletions) return undefined;
		return load(dead.get(hash.identifier(identifierKey(identifier)), timestamp));
	};

	return {
		/** The row that an event dated `timestamp` means by an identifier; made where there is none. */
		resolve(identifier: Identifier, timestamp: number): IdentifierRow {
			const past = findDead(identifier, timestamp);
			if (past) return past;
			const name = `${identifier.type}\n${identifier.value}`;
			const known = byName.get(name);
			if (known) return known;
			const key = identifierKey(identifier);
			const row = load(byKey.get(key)) ?? make(key, identifier, null);
			byName.set(name, row);
			return row;
		},

		/** The rows of an identifier whose name was deleted, one for each deletion. */
		erased(identifier: Identifier): IdentifierRow[] {
			if (!deletions) return [];
			const found = allDead.all(hash.identifier(identifierKey(identifier)));
			return found.map((row) => load(row) as IdentifierRow);
		},

		/** The row of a deleted name that another file of this workspace has; made where there is none. */
		resolveErased({ type, key, diedAt }: ErasedName): IdentifierRow {
			return load(deadAt.get(key, diedAt)) ?? make(key, { type, value: null }, diedAt);
		},

		find(identifier: Identifier): IdentifierRow | undefined {
			return byName.get(`${identifier.type}\n${identifier.value}`) ?? load(byKey.get(identifierKey(identifier)));
		},

		byId(id: number): IdentifierRow {
			const row = rows.get(id) ?? load(byId.get(id));
			if (!row) throw new Error(`identifier ${id} is missing from the database`);
			return row;
		},

		/** Ends a batch that was committed. */
		settle(): void {
			for (const row of fresh) row.fresh = false;
			fresh = [];
			if (rows.size > cacheSize) {
				rows.clear();
				byName.clear();
			}
		},

		/** Forgets everything read so far, after a rollback or a deletion. */
		forget(): void {
			rows.clear();
			byName.clear();
			fresh = [];
			nextId = (maxId.get() as number) + 1;
			deletions = anyDead.get() !== undefined;
		},
	};
}

export type Identifiers = ReturnType<typeof createIdentifiers>;

export function identifierFact(row: IdentifierRow): IdentifierFact {
	return {
		id: row.id,
		type: row.type,
		// Nobody can tell any more where a deleted name stood among others of its type: it stands last.
		value: row.value ?? `\u{10ffff}${row.erased}`,
		root: row.root,
		seen: (row.flags & flag.seen) !== 0,
		corrected: (row.flags & flag.corrected) !== 0,
		fresh: row.fresh,
	};
}

export function regionFact(row: IdentifierRow): RegionFact {
	return {
		root: row.id,
		state: regionStates[row.state] ?? "settled",
		owner: row.owner,
		size: row.size,
		limited: row.limited === null ? null : (JSON.parse(row.limited) as Record<string, number>),
	};
}
