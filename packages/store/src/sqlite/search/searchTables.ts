import { createHash } from "node:crypto";
import type { IdentityConfig } from "@selfsame/identity";
import { parse } from "uuid";
import { profileIdOf } from "../hashes.ts";
import type { SqliteDatabase } from "../openDatabase.ts";
import type { Ownership } from "../ownership.ts";
import type { ProfileReader } from "../profileReader.ts";
import { insideStretch } from "./compileEvents.ts";
import type { LabelQuery } from "./compileFilter.ts";
import { makePeople } from "./makePeople.ts";
import { isoDate, tick } from "./sql.ts";

/** How many sets of profiles and how many traits are kept ready between searches. */
const mostSets = 32;
const mostTraits = 64;

export interface SearchTablesDeps {
	database: SqliteDatabase;
	config: IdentityConfig;
	ownership: Ownership;
	profiles: ProfileReader;
	/** How many rows a query may hold in memory at once. */
	sliceRows: number;
}

/**
 * What searches look through, in this connection's own temporary tables: who owns what, one row for each profile, and in
 * it the traits that were asked for. It is worked out from the stored state, in time proportional to it, when the first
 * search finds that any event or change was committed since, and stands until the next one: nothing is kept up to date, so
 * nothing can be out of date, and ingest does nothing for it.
 *
 * - `owned (id, label)`: identifiers of one owner for all time. A label stands for a profile: see `Ownership`.
 * - `stretches (identifier, from..., to..., label)`: the others, whose owner depends on the position of the event.
 * - `people (label, key, ...)`: the profiles. `key` is the uuid of the profile's id; null: not looked at yet, since the
 *   name must be chosen among several, or there may be nothing to show.
 * - `set_N (label)`: the profiles that fulfil a condition on events.
 */
export function createSearchTables({ database, config, ownership, profiles, sliceRows }: SearchTablesDeps) {
	const traits = new Map<string, string>();
	const instants = new Set<string>();
	const sets = new Map<string, string>();
	let version: string | null = null;
	let made = 0;
	let hasStretches = false;
	let unnamed = 0;

	// Whatever changes what is searched is an event, or is noted as a change; other commits (keys, counters) do no harm.
	const latest = database
		.prepare("SELECT coalesce((SELECT max(seq) FROM events), 0) || '.' || coalesce((SELECT max(id) FROM changes), 0)")
		.pluck();
	const pluck = (sql: string) => database.prepare(sql).pluck().get() as number;

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
			const current = latest.get() as string;
			if (version === current && traits.size <= mostTraits) {
				if (sets.size > mostSets) dropSets();
				return;
			}
			tables.forget();
			makePeople(database, config);
			hasStretches = pluck("SELECT EXISTS (SELECT 1 FROM temp.stretches)") === 1;
			unnamed = pluck("SELECT count(*) FROM temp.people WHERE key IS NULL");
			version = current;
		},

		/** Drops all there is, since it is old or a search was cut off in the middle. */
		forget(): void {
			version = null;
			traits.clear();
			instants.clear();
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

		/** The column of the instant that a trait's value names as a date, ms; null where it names none. */
		instantColumn(key: string): string {
			const column = tables.traitColumn(key);
			const instant = `${column}_instant`;
			if (!instants.has(column)) {
				database.exec(`ALTER TABLE temp.people ADD COLUMN ${instant};
					UPDATE temp.people SET ${instant} = ${isoDate}(${column}) WHERE ${column}_type = 'text' AND ${tick("label")}`);
				instants.add(column);
			}
			return instant;
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
