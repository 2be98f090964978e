import { compareUtf8, type IdentityConfig } from "@selfsame/identity";
import { theEnd } from "../facts.ts";
import { flag } from "../identifiers.ts";
import type { SqliteDatabase } from "../openDatabase.ts";
import { tick } from "./sql.ts";

/** Regions whose identifiers all have the owner of the region: settled and shared ones. */
const isSettled = "(i.type = 'user_id' OR r.state IN (0, 3))";

/** Whoever stands for a profile and is its only candidate for a name. */
const namesItself = `i.value IS NOT NULL AND i.flags & ${flag.led} AND i.size = 1 AND i.root = i.id
	AND (i.type = 'user_id' OR (i.state IN (0, 3) AND i.owner IS NULL))`;

/** Nobody's: seen beside others at the most, and they have gone elsewhere. */
const isNobody = `i.type <> 'user_id' AND NOT i.flags & ${flag.led} AND i.size = 1 AND i.state IN (0, 3) AND i.owner IS NULL`;

/**
 * Makes the tables `owned`, `stretches` and `people` (see `createSearchTables`) from the stored state.
 *
 * A profile's name is the earliest identifier of its best type. Where that is a plain matter it is chosen here, for all
 * profiles at once; where it takes more than a first glance (a contested owner, a deleted name), `key` stays null.
 */
export function makePeople(database: SqliteDatabase, { identifiers: rules }: IdentityConfig): void {
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
				WINDOW life AS (PARTITION BY s.identifier ORDER BY s.from_ts, s.from_message, s.from_source);
			CREATE INDEX temp.stretches_label ON stretches (label)`);
	database.exec(`DROP TABLE IF EXISTS temp.people;
			CREATE TEMP TABLE people (label INTEGER PRIMARY KEY, key BLOB);
			INSERT INTO temp.people SELECT i.id, CASE WHEN ${namesItself} THEN i.key END
				FROM (SELECT label FROM temp.owned UNION SELECT label FROM temp.stretches) l
				JOIN identifiers i ON i.id = l.label WHERE ${tick("i.id")} AND NOT (${isNobody});
			CREATE INDEX temp.people_unnamed ON people (label) WHERE key IS NULL`);
	const types = Object.entries(rules).sort(
		([a, one], [b, other]) => one.priority - other.priority || compareUtf8(a, b),
	);
	const ranks = JSON.stringify(types.map(([type]) => type));
	database.prepare(nameInBulk).run({ ranks });
}

/** An event's place among those of its instant: no id holds the character between the two. */
const position = (row: string) => `${row}.message_id || char(0) || ${row}.source`;

/** Of every profile without a name: what it holds for sure, of its best type, with the instant at which it was first seen. */
const nameInBulk = `WITH held AS MATERIALIZED (
		SELECT o.label, i.id, i.key, i.flags, r.key AS rank
		FROM temp.owned o CROSS JOIN temp.people p ON p.label = o.label AND p.key IS NULL
		CROSS JOIN identifiers i ON i.id = o.id CROSS JOIN json_each(:ranks) r ON r.value = i.type
		WHERE ${tick("o.id")} AND i.value IS NOT NULL
			AND (EXISTS (SELECT 1 FROM identifiers u WHERE u.id = o.label AND u.type = 'user_id')
				OR NOT EXISTS (SELECT 1 FROM temp.stretches s WHERE s.label = o.label))),
	best AS (SELECT label, min(rank) AS rank FROM held GROUP BY label HAVING max(flags & ${flag.led})),
	candidates AS (SELECT h.label, h.id, h.key, count(*) OVER (PARTITION BY h.label) AS others
		FROM held h JOIN best b ON b.label = h.label AND b.rank = h.rank),
	seen AS (SELECT label, id, key, others, CASE others WHEN 1 THEN 0 ELSE (SELECT min(ts) FROM (
			SELECT min(ts) AS ts FROM events WHERE lead = c.id
			UNION ALL SELECT min(ts) FROM event_identifiers WHERE identifier = c.id
			UNION ALL SELECT min(ts) FROM aliases WHERE previous_user = c.id AND seq > 0 AND reading = 0)) END AS first
		FROM candidates c),
	placed AS (SELECT label, id, key, first, CASE others WHEN 1 THEN '' ELSE (SELECT min(position) FROM (
			SELECT ${position("e")} AS position FROM events e WHERE e.lead = seen.id AND e.ts = first
			UNION ALL SELECT ${position("e")} FROM event_identifiers l JOIN events e ON e.seq = l.seq
				WHERE l.identifier = seen.id AND l.ts = first
			UNION ALL SELECT ${position("a")} FROM aliases a
				WHERE a.previous_user = seen.id AND a.seq > 0 AND a.reading = 0 AND a.ts = first)) END AS position
		FROM seen WHERE first IS NOT NULL),
	named AS (SELECT placed.label, placed.key,
			row_number() OVER (PARTITION BY placed.label ORDER BY placed.first, placed.position, i.value) AS place
		FROM placed JOIN identifiers i ON i.id = placed.id)
	UPDATE temp.people SET key = named.key FROM named WHERE named.label = people.label AND named.place = 1`;
