import { createHash } from "node:crypto";
import { parse } from "uuid";
import { theEnd } from "../facts.ts";
import { profileIdOf } from "../hashes.ts";
import { flag } from "../identifiers.ts";
import type { SqliteDatabase } from "../openDatabase.ts";
import type { Ownership } from "../ownership.ts";
import type { ProfileReader } from "../profileReader.ts";
import { insideStretch } from "./compileEvents.ts";
import type { LabelQuery } from "./compileFilter.ts";
import { tick } from "./sql.ts";

/** How many sets of profiles and how many traits are kept ready between searches. */
const mostSets = 32;
const mostTraits = 64;

/** Regions whose identifiers all have the owner of the region: settled and shared ones. */
const isSettled = "(i.type = 'user_id' OR r.state IN (0, 3))";

/** Whoever stands for a profile and is its only candidate for a name. */
const namesItself = `i.value IS NOT NULL AND i.flags & ${flag.led} AND i.size = 1 AND i.root = i.id
	AND (i.type = 'user_id' OR (i.state IN (0, 3) AND i.owner IS NULL))`;

/** Nobody's: seen beside others at the most, and they have gone elsewhere. */
const isNobody = `i.type <> 'user_id' AND NOT i.flags & ${flag.led} AND i.size = 1 AND i.state IN (0, 3) AND i.owner IS NULL`;

export interface SearchTablesDeps {
	database: SqliteDatabase;
	ownership: Ownership;
	profiles: ProfileReader;
	/** How many rows a query may hold in memory at once. */
	sliceRows: number;
}

/**
 * What searches look through, in this connection's own temporary tables: who owns what, one row for each profile, and in
 * it the traits that were asked for. It is worked out from the stored state, in time proportional to it, when the first
 * search finds that anything was committed since, and stands until the next commit: nothing is kept up to date, so nothing
 * can be out of date, and ingest does nothing for it.
 *
 * - `owned (id, label)`: identifiers of one owner for all time. A label stands for a profile: see `Ownership`.
 * - `stretches (identifier, from..., to..., label)`: the others, whose owner depends on the position of the event.
 * - `people (label, key, ...)`: the profiles. `key` is the uuid of the profile's id; null: not looked at yet, since the
 *   name must be chosen among several, or there may be nothing to show.
 * - `set_N (label)`: the profiles that fulfil a condition on events.
 */
export function createSearchTables({ database, ownership, profiles, sliceRows }: SearchTablesDeps) {
	const traits = new Map<string, string>();
	const sets = new Map<string, string>();
	let version: number | null = null;
	let made = 0;
	let hasStretches = false;
	let unnamed = 0;

	const pluck = (sql: string) => database.prepare(sql).pluck().get() as number;

	const makeOwned = () => {
		database.exec(`DROP TABLE IF EXISTS temp.owned; DROP TABLE IF EXISTS temp.stretches;
			CREATE TEMP TABLE owned (id INTEGER PRIMARY KEY, label INTEGER NOT NULL);
			CREATE TEMP TABLE stretches (identifier INTEGER, from_ts INTEGER, from_message TEXT, from_source TEXT,
				to_ts INTEGER, to_message TEXT, to_source TEXT, label INTEGER);
			INSERT INTO temp.owned SELECT i.id,
				CASE WHEN i.type = 'user_id' THEN i.root WHEN r.owner IS NULL THEN r.id ELSE coalesce(u.root, r.owner) END
				FROM identifiers i JOIN identifiers r ON r.id = i.root
				LEFT JOIN identifiers u ON u.id = r.owner AND u.type = 'user_id' WHERE ${tick("i.id")} AND ${isSettled};
			INSERT INTO temp.stretches SELECT s.identifier, s.from_ts, s.from_message, s.from_source,
				lead(s.from_ts, 1, ${theEnd}) OVER life, lead(s.from_message, 1, '') OVER life,
				lead(s.from_source, 1, '') OVER life, coalesce(u.root, s.owner)
				FROM spans s JOIN identifiers i ON i.id = s.identifier JOIN identifiers r ON r.id = i.root
				LEFT JOIN identifiers u ON u.id = s.owner AND u.type = 'user_id'
				WHERE ${tick("s.identifier")} AND NOT ${isSettled}
				WINDOW life AS (PARTITION BY s.identifier ORDER BY s.from_ts, s.from_message, s.from_source)`);
		hasStretches = pluck("SELECT EXISTS (SELECT 1 FROM temp.stretches)") === 1;
	};

	const makePeople = () => {
		database.exec(`DROP TABLE IF EXISTS temp.people;
			CREATE TEMP TABLE people (label INTEGER PRIMARY KEY, key BLOB);
			INSERT INTO temp.people SELECT i.id, CASE WHEN ${namesItself} THEN i.key END
				FROM (SELECT label FROM temp.owned UNION SELECT label FROM temp.stretches) l
				JOIN identifiers i ON i.id = l.label WHERE ${tick("i.id")} AND NOT (${isNobody});
			CREATE INDEX temp.people_unnamed ON people (label) WHERE key IS NULL`);
		unnamed = pluck("SELECT count(*) FROM temp.people WHERE key IS NULL");
	};

	const dropSets = () => {
		for (const table of sets.values()) database.exec(`DROP TABLE IF EXISTS ${table}`);
		sets.clear();
	};

	const addTrait = (key: string, column: string) => {
		const columns = ["_ts", "_seq", "_type", ""].map((part) => `${column}${part}`);
		for (const name of columns) database.exec(`ALTER TABLE temp.people ADD COLUMN ${name}`);
		const select = (label: string, from: string) => `SELECT ${label}, w.ts, w.seq, json_type(w.value),
			CASE WHEN json_type(w.value) IN ('integer', 'real') THEN CAST(w.value AS REAL) ELSE json_extract(w.value, '$') END
			FROM ${from}`;
		const settled = select(
			"o.label",
			`temp.owned o CROSS JOIN trait_writes w ON w.lead = o.id AND w.key = :key
			AND w.ts = (SELECT max(ts) FROM trait_writes WHERE lead = o.id AND key = :key) WHERE ${tick("o.id")}`,
		);
		const contested = select(
			"s.label",
			`temp.stretches s CROSS JOIN trait_writes w ON w.lead = s.identifier AND w.key = :key
			AND w.ts >= s.from_ts AND w.ts <= s.to_ts CROSS JOIN events e ON e.seq = w.seq AND ${insideStretch}
			WHERE ${tick("w.seq")}`,
		);
		const position = (row: string) => `(SELECT message_id, source FROM events WHERE seq = ${row}${column}_seq)`;
		const isLater = `excluded.${column}_ts > ${column}_ts
			OR excluded.${column}_ts = ${column}_ts AND ${position("excluded.")} > ${position("people.")}`;
		for (const rows of hasStretches ? [settled, contested] : [settled]) {
			database
				.prepare(
					`INSERT INTO temp.people (label, ${columns.join(", ")}) ${rows} ON CONFLICT (label) DO UPDATE
					SET ${columns.map((name) => `${name} = excluded.${name}`).join(", ")}
					WHERE ${column}_ts IS NULL OR ${isLater}`,
				)
				.run({ key });
		}
	};

	const tables = {
		/** Makes the tables say what the file says, inside a read transaction that the caller has begun. */
		refresh(): void {
			// The first read decides which commit is seen; only then does the version belong to it.
			pluck("SELECT count(*) FROM meta");
			const current = database.pragma("data_version", { simple: true }) as number;
			if (version === current && traits.size <= mostTraits) {
				if (sets.size > mostSets) dropSets();
				return;
			}
			tables.forget();
			makeOwned();
			makePeople();
			version = current;
		},

		/** Drops all there is, since it is old or a search was cut off in the middle. */
		forget(): void {
			version = null;
			traits.clear();
			dropSets();
		},

		hasStretches: () => hasStretches,

		/** The column of a trait's value; beside it, with `_type`, that of its JSON type. */
		traitColumn(key: string): string {
			const known = traits.get(key);
			if (known) return known;
			const column = `t${traits.size}`;
			addTrait(key, column);
			traits.set(key, column);
			return column;
		},

		/** A table with the labels that a query selects. */
		tableOf({ sql, values, size }: LabelQuery): string {
			const name = createHash("sha256")
				.update(JSON.stringify([sql, values]))
				.digest("hex");
			const known = sets.get(name);
			if (known) return known;
			const table = `temp.set_${made++}`;
			database.exec(`CREATE TABLE ${table} (label INTEGER PRIMARY KEY)`);
			const fill = database.prepare(`INSERT OR IGNORE INTO ${table} SELECT label FROM (${sql})`);
			if (size === undefined) fill.run(values);
			else {
				const rows = database.prepare(size).pluck().get(values) as number;
				const slices = Math.ceil(rows / sliceRows);
				for (let slice = 0; slice < slices; slice++) fill.run({ ...values, slices, slice });
			}
			sets.set(name, table);
			return table;
		},

		/** Chooses the name of a profile that has several, or takes it out where there is nothing to show. */
		name(label: number): void {
			const parts = { owned: ownership.ownedBy(label) };
			const held = profiles.heldOf(parts).filter(({ id }) => profiles.isSeen(id));
			const hasEvents = parts.owned.some((span) => profiles.countIn(span).count > 0);
			unnamed -= 1;
			if (!hasEvents || held.length === 0) {
				database.prepare("DELETE FROM temp.people WHERE label = ?").run(label);
				return;
			}
			const { type, value } = profiles.naming(held);
			const id = profileIdOf({ type, value: value as string });
			const key = Buffer.from(parse(id.slice("pro_".length)));
			database.prepare("UPDATE temp.people SET key = ? WHERE label = ?").run(key, label);
		},

		/** Whether any profile has no name yet. */
		hasUnnamed: () => unnamed > 0,
	};
	return tables;
}
