import { insideStretch } from "../../sql/search/compileEvents.ts";
import type { SearchDialect, TraitColumns } from "../../sql/search/searchDialect.ts";
import { placeInside, toPlace } from "./jsonPlace.ts";

/** An array is compared member by member. */
const positionIn = (row: string) => `ARRAY[${row}.message_id, ${row}.source]`;

/**
 * A table for each trait, with the profiles that have it and its value as JSON: a column more in the table of all
 * profiles would be written by writing all of them again.
 */
const traits: TraitColumns = {
	// What is not asked about is left out by the planner, since a label is there once.
	from: (count) =>
		["people p", ...Array.from({ length: count }, (_, n) => `LEFT JOIN t${n} ON t${n}.label = p.label`)].join(" "),
	add(trait, hasStretches) {
		const settled = `SELECT o.label, w.ts, w.seq, w.value FROM owned o
			JOIN trait_writes w ON w.lead = o.id AND w.key = :key`;
		const contested = `SELECT s.label, w.ts, w.seq, w.value FROM stretches s
			JOIN trait_writes w ON w.lead = s.identifier AND w.key = :key AND w.ts >= s.from_ts AND w.ts <= s.to_ts
			JOIN events e ON e.seq = w.seq AND ${insideStretch}`;
		const writes = hasStretches ? `${settled} UNION ALL ${contested}` : settled;
		// The event is asked only where several wrote at one instant.
		const position = `CASE WHEN w.ties > 1 THEN (SELECT ${positionIn("e")} FROM events e WHERE e.seq = w.seq) END`;
		return [
			`CREATE TEMP TABLE t${trait} (label bigint PRIMARY KEY, value jsonb)`,
			`INSERT INTO t${trait} SELECT DISTINCT ON (w.label) w.label, selfsame_json(w.value)
			FROM (SELECT label, seq, value, rank() OVER (PARTITION BY label ORDER BY ts DESC) AS place,
				count(*) OVER (PARTITION BY label, ts) AS ties FROM (${writes}) q) w
			WHERE w.place = 1 ORDER BY w.label, ${position} DESC`,
			`ANALYZE t${trait}`,
		];
	},
	addInstant: (trait) => [
		`ALTER TABLE t${trait} ADD COLUMN instant bigint`,
		`UPDATE t${trait} SET instant = selfsame_iso_date(value #>> '{}') WHERE jsonb_typeof(value) = 'string'`,
	],
	drop: (trait) => [`DROP TABLE IF EXISTS t${trait}`],
	place(trait, keys, addInstant, parameters) {
		const value = `t${trait}.value`;
		if (keys.length > 0) return placeInside(value, keys, parameters);
		return toPlace(value, parameters, () => {
			addInstant();
			return `t${trait}.instant`;
		});
	},
};

/** Time limits are the server's: nothing is added to look at the clock. */
export const postgresSearchDialect: SearchDialect = {
	write(name, value) {
		if (typeof value === "string") return `:${name}::text`;
		return `:${name}::${Number.isSafeInteger(value) ? "bigint" : "float8"}`;
	},
	tick: () => "TRUE",
	join: "JOIN",
	// Behind an OFFSET, the text is parsed once for all that is asked of it.
	payloads: `LEFT JOIN event_payloads b ON b.seq = e.seq AND b.received_at = e.received_at
		LEFT JOIN LATERAL (SELECT selfsame_json(b.body) AS body OFFSET 0) d ON TRUE`,
	once: "OFFSET 0",
	least: (a, b) => `least(${a}, ${b})`,
	isIn: (label, table) => `EXISTS (SELECT 1 FROM ${table} x WHERE x.label = ${label})`,
	placeInside,
	sum: (x) => `selfsame_sum(${x})`,
	traits,
	types: { long: "bigint", text: 'text COLLATE "C"', bytes: "bytea" },
	positionIn,
	// Every commit of events writes a counter, which gets a new version of its row then; corrections and deletions are kept.
	// The tables themselves may be replaced by others of their names, and partitions of payloads may be dropped.
	version: `SELECT concat_ws(' ', 'identifiers'::regclass::oid,
		(SELECT string_agg(concat_ws(' ', name, slot, value, xmin, ctid), ' ' ORDER BY name, slot) FROM counters),
		(SELECT max(id) FROM corrections), (SELECT count(*) FROM deletions),
		(SELECT string_agg(inhrelid::text, ' ' ORDER BY inhrelid) FROM pg_inherits
			WHERE inhparent = 'event_payloads'::regclass))`,
	settle: ["ANALYZE owned", "ANALYZE stretches", "ANALYZE people"],
};
