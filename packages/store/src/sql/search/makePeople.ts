import { compareUtf8, type IdentityConfig } from "@selfsame/identity";
import { theEnd } from "../evidence.ts";
import { flag } from "../identifierRows.ts";
import type { Work } from "../work.ts";
import { ask } from "./ask.ts";
import type { SearchDialect } from "./searchDialect.ts";

/** Regions whose identifiers all have the owner of the region: settled and shared ones. */
const isSettled = "(i.type = 'user_id' OR r.state IN (0, 3))";

/** Whoever stands for a profile and is its only candidate for a name. */
const namesItself = `i.value IS NOT NULL AND (i.flags & ${flag.led}) <> 0 AND i.size = 1 AND i.root = i.id
	AND (i.type = 'user_id' OR (i.state IN (0, 3) AND i.owner IS NULL))`;

/** Nobody's: seen beside others at the most, and they have gone elsewhere. */
const isNobody = `i.type <> 'user_id' AND (i.flags & ${flag.led}) = 0 AND i.size = 1 AND i.state IN (0, 3) AND i.owner IS NULL`;

/**
 * Makes the tables `owned`, `stretches` and `people` (see `createSearchTables`) from the stored state.
 *
 * A profile's name is the earliest identifier of its best type. Where that is a plain matter it is chosen here, for all
 * profiles at once; where it takes more than a first glance (a contested owner, a deleted name), `key` stays null.
 */
export function* makePeople(dialect: SearchDialect, config: IdentityConfig): Work<void> {
	for (const sql of creation(dialect)) yield* ask("count", sql);
	yield* fillPeople(dialect, config, everybody);
	for (const sql of dialect.settle) yield* ask("count", sql);
}

/**
 * Takes those whom the table `touched` names out of these tables, and puts them in as they are stored now. Whoever is in
 * one profile with one of them, then or now, must be named as well.
 */
export function* remakePeople(dialect: SearchDialect, config: IdentityConfig): Work<void> {
	const touched = "(SELECT id FROM touched)";
	for (const table of ["people", "stretches"]) {
		yield* ask("count", `DELETE FROM ${table} WHERE label IN ${touched}`);
	}
	yield* ask("count", `DELETE FROM owned WHERE id IN ${touched}`);
	yield* fillPeople(dialect, config, {
		identifiers: `touched w ${dialect.join} identifiers i ON i.id = w.id`,
		spans: `touched w ${dialect.join} spans s ON s.identifier = w.id`,
		owned: `touched w ${dialect.join} owned o ON o.id = w.id`,
		labels: `SELECT label FROM owned WHERE id IN ${touched} UNION SELECT label FROM stretches WHERE label IN ${touched}`,
	});
}

/** Whom to select from. */
interface Scope {
	/** Rows `i` of identifiers. */
	identifiers: string;
	/** Rows `s` of spans. */
	spans: string;
	/** Rows `o` of what is owned. */
	owned: string;
	/** A query of labels. */
	labels: string;
}

const everybody: Scope = {
	identifiers: "identifiers i",
	spans: "spans s",
	owned: "owned o",
	labels: "SELECT label FROM owned UNION SELECT label FROM stretches",
};

function* fillPeople(dialect: SearchDialect, { identifiers: rules }: IdentityConfig, scope: Scope): Work<void> {
	for (const sql of filling(dialect, scope)) yield* ask("count", sql);
	const types = Object.entries(rules).sort(
		([a, one], [b, other]) => one.priority - other.priority || compareUtf8(a, b),
	);
	const ranks = Object.fromEntries(types.map(([type], rank) => [`rank${rank}`, type]));
	yield* ask("count", nameInBulk(dialect, scope, Object.keys(ranks)), ranks);
}

const creation = ({ types: { long, text, bytes } }: SearchDialect) => [
	"DROP TABLE IF EXISTS owned",
	"DROP TABLE IF EXISTS stretches",
	"DROP TABLE IF EXISTS people",
	`CREATE TEMP TABLE owned (id ${long} PRIMARY KEY, label ${long} NOT NULL)`,
	`CREATE TEMP TABLE stretches (identifier ${long}, from_ts ${long}, from_message ${text}, from_source ${text},
		to_ts ${long}, to_message ${text}, to_source ${text}, label ${long})`,
	"CREATE INDEX stretches_label ON stretches (label)",
	`CREATE TEMP TABLE people (label ${long} PRIMARY KEY, key ${bytes})`,
	"CREATE INDEX people_unnamed ON people (label) WHERE key IS NULL",
];

const filling = ({ tick }: SearchDialect, { identifiers, spans, labels }: Scope) => [
	`INSERT INTO owned SELECT i.id,
		CASE WHEN i.type = 'user_id' THEN i.root WHEN r.owner IS NULL THEN r.id ELSE coalesce(u.root, r.owner) END
		FROM ${identifiers} JOIN identifiers r ON r.id = i.root
		LEFT JOIN identifiers u ON u.id = r.owner AND u.type = 'user_id' WHERE ${tick("i.id")} AND ${isSettled}`,
	`INSERT INTO stretches SELECT s.identifier, s.from_ts, s.from_message, s.from_source,
		lead(s.from_ts, 1, ${theEnd}) OVER life, lead(s.from_message, 1, '') OVER life,
		lead(s.from_source, 1, '') OVER life, coalesce(u.root, s.owner)
		FROM ${spans} JOIN identifiers i ON i.id = s.identifier JOIN identifiers r ON r.id = i.root
		LEFT JOIN identifiers u ON u.id = s.owner AND u.type = 'user_id'
		WHERE ${tick("s.identifier")} AND NOT ${isSettled}
		WINDOW life AS (PARTITION BY s.identifier ORDER BY s.from_ts, s.from_message, s.from_source)`,
	`INSERT INTO people (label, key) SELECT i.id, CASE WHEN ${namesItself} THEN i.key END
		FROM (${labels}) l JOIN identifiers i ON i.id = l.label WHERE ${tick("i.id")} AND NOT (${isNobody})`,
];

/** Of every profile without a name: what it holds for sure, of its best type, with the instant at which it was first seen. */
const nameInBulk = ({ tick, join, positionIn, write }: SearchDialect, { owned }: Scope, ranks: readonly string[]) => {
	const rankOf = ranks.map((name, rank) => `WHEN ${write(name, "")} THEN ${rank}`).join(" ");
	return `WITH held AS MATERIALIZED (
		SELECT o.label, i.id, i.key, i.flags, CASE i.type ${rankOf} END AS rank
		FROM ${owned} ${join} people p ON p.label = o.label AND p.key IS NULL ${join} identifiers i ON i.id = o.id
		WHERE ${tick("o.id")} AND i.value IS NOT NULL
			AND (EXISTS (SELECT 1 FROM identifiers u WHERE u.id = o.label AND u.type = 'user_id')
				OR NOT EXISTS (SELECT 1 FROM stretches s WHERE s.label = o.label))),
	best AS (SELECT label, min(rank) AS rank FROM held WHERE rank IS NOT NULL GROUP BY label
		HAVING max(flags & ${flag.led}) <> 0),
	candidates AS (SELECT h.label, h.id, h.key, count(*) OVER (PARTITION BY h.label) AS others
		FROM held h JOIN best b ON b.label = h.label AND b.rank = h.rank),
	seen AS (SELECT label, id, key, others, CASE others WHEN 1 THEN 0 ELSE (SELECT min(ts) FROM (
			SELECT min(ts) AS ts FROM events WHERE lead = c.id
			UNION ALL SELECT min(ts) FROM event_identifiers WHERE identifier = c.id
			UNION ALL SELECT min(ts) FROM aliases WHERE previous_user = c.id AND seq > 0 AND reading = 0) t) END AS first
		FROM candidates c),
	placed AS (SELECT label, id, key, first, CASE others WHEN 1 THEN NULL ELSE (SELECT min(position) FROM (
			SELECT ${positionIn("e")} AS position FROM events e WHERE e.lead = seen.id AND e.ts = first
			UNION ALL SELECT ${positionIn("e")} FROM event_identifiers l JOIN events e ON e.seq = l.seq
				WHERE l.identifier = seen.id AND l.ts = first
			UNION ALL SELECT ${positionIn("a")} FROM aliases a
				WHERE a.previous_user = seen.id AND a.seq > 0 AND a.reading = 0 AND a.ts = first) t) END AS position
		FROM seen WHERE first IS NOT NULL),
	named AS (SELECT placed.label, placed.key,
			row_number() OVER (PARTITION BY placed.label ORDER BY placed.first, placed.position, i.value) AS place
		FROM placed JOIN identifiers i ON i.id = placed.id)
	UPDATE people SET key = named.key FROM named WHERE named.label = people.label AND named.place = 1`;
};
