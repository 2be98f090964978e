import type { IdentityConfig } from "@selfsame/identity";
import type { Identifier } from "@selfsame/protocol";
import { identifierKey } from "../sql/hashes.ts";
import {
	type IdentifierColumns,
	type IdentifierRow,
	identifierColumns,
	toIdentifierRow,
	undecided,
} from "../sql/identifierRows.ts";
import { type IdentifierIds, limitedAlone } from "../sql/identifiers.ts";
import type { PastLife } from "../sql/inheritCorrections.ts";
import type { KeyedHash } from "../sql/keyedHash.ts";
import { all, column, type Work } from "../sql/work.ts";
import { byteas } from "./literals.ts";

/** An identifier as an event dated `timestamp` names it. */
export interface Mention {
	identifier: Identifier;
	timestamp: number;
	/** What the event says of it: see `flag`. */
	flags: number;
}

export interface NameRowsDeps {
	config: IdentityConfig;
	hash: KeyedHash;
	ids: IdentifierIds;
}

/** The rows of the identifiers that a batch names. */
export interface NameRows {
	/** Of one that was mentioned. */
	resolve(identifier: Identifier, timestamp: number): IdentifierRow;
	/** Those that were made, with the flags that they have in the database. */
	made: ReadonlyMap<IdentifierRow, number>;
	/** Those of them whose names had a life before. */
	reborn: readonly { row: IdentifierRow; past: PastLife }[];
	rows: readonly IdentifierRow[];
}

interface Wanted {
	key: Buffer;
	identifier: Identifier;
	mentions: Mention[];
	/** That of the living, once it is found or made. */
	row?: IdentifierRow | undefined;
}

type NamedColumns = IdentifierColumns & { key: Buffer };
type DeadColumns = NamedColumns & { died_at: number };

const findLiving = `SELECT ${identifierColumns}, key FROM identifiers
	WHERE died_at IS NULL AND key = ANY(CAST(? AS bytea[]))`;
const findDead = `SELECT ${identifierColumns}, key, died_at FROM identifiers
	WHERE died_at IS NOT NULL AND key = ANY(CAST(? AS bytea[])) ORDER BY died_at`;
// Whoever makes the same name at the same time waits here for the one who was first; all come in the order of the keys.
const make = `INSERT INTO identifiers (id, key, type, value, flags, root, limited)
	SELECT id, decode(name, 'hex'), type, value, flags, id, limited
	FROM json_to_recordset(CAST(? AS json)) AS r(id bigint, name text, type text, value text, flags integer, limited text)
	ORDER BY name ON CONFLICT (key) WHERE died_at IS NULL DO NOTHING RETURNING id`;

/**
 * Finds the rows of many names with one statement, or two where somebody was deleted, and makes those that are missing
 * with another.
 *
 * @param mayBeDead whether any name of the workspace was deleted.
 */
export function* findNames(mentions: readonly Mention[], mayBeDead: boolean, deps: NameRowsDeps): Work<NameRows> {
	const wanted = new Map<string, Wanted>();
	for (const mention of mentions) {
		const name = nameOf(mention.identifier);
		const known = wanted.get(name);
		if (known) known.mentions.push(mention);
		else
			wanted.set(name, { key: identifierKey(mention.identifier), identifier: mention.identifier, mentions: [mention] });
	}
	const dead = mayBeDead ? yield* findPast([...wanted.values()], deps.hash) : new Map<Buffer, never>();
	const pastOf = (key: Buffer, timestamp: number) => dead.get(key)?.find(({ diedAt }) => diedAt > timestamp)?.row;
	const living = [...wanted.values()].filter(({ key, mentions }) =>
		mentions.some(({ timestamp }) => !pastOf(key, timestamp)),
	);
	const rows = yield* findByKey(living.map(({ key }) => key));
	const missing = living.filter(({ key }) => !rows.has(hex(key)));
	const made = new Map<IdentifierRow, number>();
	if (missing.length > 0) {
		const ours = yield* makeRows(
			missing.map(({ key, identifier, mentions }) => ({
				key,
				identifier,
				flags: mentions.reduce((flags, one) => (pastOf(key, one.timestamp) ? flags : flags | one.flags), 0),
			})),
			deps,
		);
		for (const [name, { row, flags }] of ours) {
			rows.set(name, row);
			made.set(row, flags);
		}
		// Somebody else has made these meanwhile, and committed.
		const others = missing.filter(({ key }) => !rows.has(hex(key)));
		for (const [name, row] of yield* findByKey(others.map(({ key }) => key))) rows.set(name, row);
	}
	for (const one of living) one.row = rows.get(hex(one.key));
	return {
		resolve(identifier, timestamp) {
			const { key, row } = wanted.get(nameOf(identifier)) as Wanted;
			return pastOf(key, timestamp) ?? (row as IdentifierRow);
		},
		made,
		reborn: living.flatMap(({ key, row }) => {
			const last = dead.get(key)?.at(-1);
			return row && last && made.has(row) ? [{ row, past: { id: last.row.id, diedAt: last.diedAt } }] : [];
		}),
		rows: [...rows.values(), ...[...dead.values()].flat().map(({ row }) => row)],
	};
}

const nameOf = ({ type, value }: Identifier) => `${type}\n${value}`;
const hex = (key: Buffer) => key.toString("hex");

function* findByKey(keys: readonly Buffer[]): Work<Map<string, IdentifierRow>> {
	if (keys.length === 0) return new Map();
	const found = yield* all<NamedColumns>(findLiving, byteas(keys));
	return new Map(found.map(({ key, ...row }) => [hex(key), toIdentifierRow(row)]));
}

/** The lives of names that ended, by the name's key, the earliest first. */
function* findPast(
	names: readonly { key: Buffer }[],
	hash: KeyedHash,
): Work<Map<Buffer, { row: IdentifierRow; diedAt: number }[]>> {
	const hashes = new Map(names.map(({ key }) => [hex(hash.identifier(key)), key]));
	const found = yield* all<DeadColumns>(findDead, byteas(names.map(({ key }) => hash.identifier(key))));
	const past = found.map(({ key, died_at: diedAt, ...row }) => ({
		name: hashes.get(hex(key)) as Buffer,
		row: toIdentifierRow(row),
		diedAt,
	}));
	return Map.groupBy(past, ({ name }) => name);
}

function* makeRows(
	missing: readonly { key: Buffer; identifier: Identifier; flags: number }[],
	{ config, ids }: NameRowsDeps,
): Work<Map<string, { row: IdentifierRow; flags: number }>> {
	const fresh: { id: number; name: string; type: string; value: string; flags: number; limited: string | null }[] = [];
	for (const { key, identifier, flags } of missing) {
		const limited = limitedAlone(config, identifier.type);
		fresh.push({ id: yield* ids.next(), name: hex(key), ...identifier, flags, limited });
	}
	const made = new Set(yield* column<number>(make, JSON.stringify(fresh)));
	return new Map(
		fresh
			.filter(({ id }) => made.has(id))
			.map(({ id, name, type, value, flags, limited }) => {
				const own = { ...undecided, limited };
				return [name, { row: { id, type, value, erased: null, flags: 0, root: id, ...own, fresh: true }, flags }];
			}),
	);
}
