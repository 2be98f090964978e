import type { IdentifierFact, IdentityConfig, RegionFact } from "@selfsame/identity";
import type { Claims, Identifier } from "@selfsame/protocol";
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
	flags: number;
	root: number;
	state: number;
	owner: number | null;
	size: number;
	limited: string | null;
	/** Made by the batch at hand. */
	fresh: boolean;
}

const columns = "id, type, value, flags, root, state, owner, size, limited";

/** How many identifiers the writer keeps in memory: about 100 MB at the most. */
const cacheSize = 200_000;

/**
 * Finds and makes identifiers for the one writer, which may trust its memory: nothing else writes. After a failed
 * transaction the memory is forgotten.
 */
export function createIdentifiers(database: SqliteDatabase, config: IdentityConfig, hash: KeyedHash) {
	const byKey = database.prepare(`SELECT ${columns} FROM identifiers WHERE key = ?`);
	const byId = database.prepare(`SELECT ${columns} FROM identifiers WHERE id = ?`);
	const insert = database.prepare(
		"INSERT INTO identifiers (id, key, type, value, flags, died_at, root, limited) VALUES (?, ?, ?, ?, 0, ?, ?, ?)",
	);
	const dead = database.prepare(
		`SELECT ${columns} FROM identifiers WHERE key = ? AND died_at > ? ORDER BY died_at LIMIT 1`,
	);
	const deadAt = database.prepare(`SELECT ${columns} FROM identifiers WHERE key = ? AND died_at = ?`);
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
		const row = { id, type, value, flags: 0, root: id, state: 0, owner: null, size: 1, limited, fresh: true };
		fresh.push(row);
		return remember(row);
	};

	/** The row of an identifier whose name was deleted, for events dated before that; undefined: use the living one. */
	const findDead = (identifier: Identifier, timestamp: number) => {
		if (!deletions) return undefined;
		return load(dead.get(hash.identifier(identifierKey(identifier)), timestamp));
	};

	/** The row of an erased name, by the token that stands for it while events are copied from file to file. */
	const resolveErased = (identifier: Identifier): IdentifierRow | undefined => {
		const erased = parseErasedToken(identifier.value);
		if (!erased) return undefined;
		return (
			load(deadAt.get(erased.key, erased.diedAt)) ?? make(erased.key, { ...identifier, value: null }, erased.diedAt)
		);
	};

	return {
		/** The row that an event dated `timestamp` means by an identifier; made where there is none. */
		resolve(identifier: Identifier, timestamp: number): IdentifierRow {
			const past = resolveErased(identifier) ?? findDead(identifier, timestamp);
			if (past) return past;
			const name = `${identifier.type}\n${identifier.value}`;
			const known = byName.get(name);
			if (known) return known;
			const key = identifierKey(identifier);
			const row = load(byKey.get(key)) ?? make(key, identifier, null);
			byName.set(name, row);
			return row;
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

/**
 * What stands for a deleted name while events are copied from one file to another. No event from outside can hold one:
 * the collector lets no NUL through. The shape is an email's, so that it passes wherever any identifier does.
 */
export function erasedToken(key: Buffer, diedAt: number): string {
	return `\0erased.${key.toString("hex")}.${diedAt}@deleted.invalid`;
}

/** Deleted names are kept by their identifiers alone. */
export function withoutErasedTokens(claims: Claims): Claims {
	const isToken = (value: string | number) => typeof value === "string" && value.startsWith("\0");
	const kept = { ...claims };
	if (kept.provenEmails?.some(isToken)) kept.provenEmails = kept.provenEmails.filter((email) => !isToken(email));
	if (kept.emails?.some(isToken)) kept.emails = kept.emails.filter((email) => !isToken(email));
	if (kept.externalIds?.some(({ id }) => isToken(id))) {
		kept.externalIds = kept.externalIds.filter(({ id }) => !isToken(id));
	}
	return kept;
}

function parseErasedToken(value: string): { key: Buffer; diedAt: number } | null {
	if (!value.startsWith("\0")) return null;
	const [, key, diedAt] = /^\0erased\.([0-9a-f]+)\.(-?\d+)@deleted\.invalid$/.exec(value) ?? [];
	return key === undefined ? null : { key: Buffer.from(key, "hex"), diedAt: Number(diedAt) };
}

export type Identifiers = ReturnType<typeof createIdentifiers>;

export function identifierFact(row: IdentifierRow): IdentifierFact {
	return {
		id: row.id,
		type: row.type,
		value: row.value ?? "",
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
