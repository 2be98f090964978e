import { insideStretch } from "../../sql/search/compileEvents.ts";
import type { SearchDialect, TraitColumns } from "../../sql/search/searchDialect.ts";
import { catchUp } from "./catchUp.ts";
import { createKeptEvents } from "./createKeptEvents.ts";
import { isoDate, placeInside, toPlace } from "./jsonPlace.ts";
import { tick } from "./tick.ts";

/** What searches read comes first: SQLite goes through a row from its beginning. */
const columnsOf = (trait: number) => ["", "_type", "_ts", "_seq"].map((part) => `t${trait}${part}`);

/** Those whom the table `touched` names, or everybody. */
const inScope = (label: string, isRefill: boolean) => (isRefill ? `AND ${label} IN (SELECT id FROM touched)` : "");

/** Fills in the columns of a trait, of everybody or of those who were touched. */
function fillTrait(trait: number, hasStretches: boolean, isRefill: boolean): string[] {
	const column = `t${trait}`;
	const columns = columnsOf(trait);
	const select = (label: string, from: string) => `SELECT ${label},
		CASE WHEN json_type(w.value) IN ('integer', 'real') THEN CAST(w.value AS REAL) ELSE json_extract(w.value, '$') END,
		json_type(w.value), w.ts, w.seq FROM ${from}`;
	const settled = select(
		"o.label",
		`${isRefill ? "touched q CROSS JOIN owned o ON o.id = q.id" : "owned o"} CROSS JOIN trait_writes w
		ON w.lead = o.id AND w.key = :key
		AND w.ts = (SELECT max(ts) FROM trait_writes WHERE lead = o.id AND key = :key) WHERE ${tick("o.id")}`,
	);
	const contested = select(
		"s.label",
		`stretches s CROSS JOIN trait_writes w ON w.lead = s.identifier AND w.key = :key
		AND w.ts >= s.from_ts AND w.ts <= s.to_ts CROSS JOIN events e ON e.seq = w.seq AND ${insideStretch}
		WHERE ${tick("w.seq")} ${inScope("s.label", isRefill)}`,
	);
	const position = (row: string) => `(SELECT message_id, source FROM events WHERE seq = ${row}${column}_seq)`;
	const isLater = `excluded.${column}_ts > ${column}_ts
		OR excluded.${column}_ts = ${column}_ts AND ${position("excluded.")} > ${position("people.")}`;
	const fill = (rows: string) => `INSERT INTO people (label, ${columns.join(", ")}) ${rows}
		ON CONFLICT (label) DO UPDATE SET ${columns.map((name) => `${name} = excluded.${name}`).join(", ")}
		WHERE ${column}_ts IS NULL OR ${isLater}`;
	return (hasStretches ? [settled, contested] : [settled]).map(fill);
}

const fillInstant = (trait: number, isRefill: boolean) =>
	`UPDATE people SET t${trait}_instant = ${isoDate}(t${trait})
	WHERE t${trait}_type = 'text' AND ${tick("label")} ${inScope("label", isRefill)}`;

/** Each trait is four columns of `people`: the value, its JSON type, and the time and number of the event that set it. */
const traits: TraitColumns = {
	from: (_, by) => `people p ${by === undefined ? "" : { key: "INDEXED BY people_key", row: "NOT INDEXED" }[by]}`,
	add: (trait, hasStretches) => [
		...columnsOf(trait).map((name) => `ALTER TABLE people ADD COLUMN ${name}`),
		...fillTrait(trait, hasStretches, false),
	],
	refill: (trait, hasStretches) => fillTrait(trait, hasStretches, true),
	addInstant: (trait) => [`ALTER TABLE people ADD COLUMN t${trait}_instant`, fillInstant(trait, false)],
	refillInstant: (trait) => [fillInstant(trait, true)],
	drop: () => [],
	place(trait, keys, addInstant, parameters) {
		const column = `p.t${trait}`;
		// What is no object holds no JSON but the plain value.
		if (keys.length > 0) return placeInside(`CASE ${column}_type WHEN 'object' THEN ${column} END`, keys, parameters);
		const columns = { type: `${column}_type`, value: column, members: `json_each(${column})` };
		return toPlace(columns, parameters, () => {
			addInstant();
			return `${column}_instant`;
		});
	},
};

export const sqliteSearchDialect: SearchDialect = {
	write: (name) => `:${name}`,
	tick,
	join: "CROSS JOIN",
	payloads: "LEFT JOIN event_payloads d ON d.seq = e.seq",
	once: "LIMIT -1",
	least: (a, b) => `min(${a}, ${b})`,
	isIn: (label, table) => `${label} IN (SELECT label FROM ${table})`,
	placeInside,
	sum: (x) => `sum(${x})`,
	traits,
	types: { long: "INTEGER", text: "TEXT", bytes: "BLOB" },
	// No id holds the character between the two.
	positionIn: (row) => `${row}.message_id || char(0) || ${row}.source`,
	// Whatever changes what is searched is an event, or is noted as a change; other commits (keys, counters) do no harm.
	version: "SELECT coalesce((SELECT max(seq) FROM events), 0) || '.' || coalesce((SELECT max(id) FROM changes), 0)",
	catchUp,
	createKeptEvents,
	settle: ["CREATE INDEX people_key ON people (key)"],
};
