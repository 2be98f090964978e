import { eventTypes } from "../sql/eventTypes.ts";
import { beginning } from "../sql/evidence.ts";
import { flag, regionStates } from "../sql/identifierRows.ts";
import type { SqliteDatabase } from "./openDatabase.ts";

const indexOfState = (state: (typeof regionStates)[number]) => regionStates.indexOf(state);

/** Whether the region `r` of an identifier has owners by spans. */
const isSpanned = `r.state IN (${indexOfState("contested")}, ${indexOfState("tight")})`;

/** Who stands for an owner: a user for its alias group. */
const rootSql = (owner: string) =>
	`(SELECT CASE q.type WHEN 'user_id' THEN q.root ELSE q.id END FROM identifiers q WHERE q.id = ${owner})`;

/** The owner of an identifier `i` in a region `r`, given the owner of the span that counts. */
const ownerSql = (span: string) =>
	`CASE i.type WHEN 'user_id' THEN i.root ELSE ${rootSql(
		`CASE WHEN ${isSpanned} THEN ${span} ELSE coalesce(r.owner, r.id) END`,
	)} END`;

const lastSpan = (where: string) =>
	`(SELECT s.owner FROM spans s WHERE s.identifier = i.id ${where}
		ORDER BY s.from_ts DESC, s.from_message DESC, s.from_source DESC LIMIT 1)`;

/** The owner of an event `e` that the identifier `i` of the region `r` leads. */
const eventOwnerSql = ownerSql(
	lastSpan("AND (s.from_ts, s.from_message, s.from_source) <= (e.ts, e.message_id, e.source)"),
);

const notYet = { min: Number.MAX_SAFE_INTEGER, max: Number.MIN_SAFE_INTEGER };

/** When the identifier `i` was first or last seen, ms; null: never. */
const seenSql = (pick: "min" | "max") => {
	const among = (table: string) => `coalesce((SELECT ${pick}(ts) FROM ${table}), ${notYet[pick]})`;
	return `nullif(${pick}(${[
		"events WHERE lead = i.id",
		"event_identifiers WHERE identifier = i.id",
		"aliases WHERE previous_user = i.id AND seq > 0 AND reading = 0",
	]
		.map(among)
		.join(", ")}), ${notYet[pick]})`;
};

/** Of the events at the instant when the name `n` was first seen, the first one's message or source. */
const firstEventSql = (column: "message_id" | "source") =>
	`(SELECT ${column} FROM (
		SELECT message_id, source FROM events WHERE lead = n.identifier AND ts = n.first_ts
		UNION ALL SELECT e.message_id, e.source FROM event_identifiers l JOIN events e ON e.seq = l.seq
			WHERE l.identifier = n.identifier AND l.ts = n.first_ts
		UNION ALL SELECT message_id, source FROM aliases
			WHERE previous_user = n.identifier AND ts = n.first_ts AND seq > 0 AND reading = 0)
	ORDER BY message_id, source LIMIT 1)`;

const isoSql = (ms: string) => `strftime('%Y-%m-%dT%H:%M:%fZ', ${ms} / 1000.0, 'unixepoch')`;

const uuidSql = (bytes: string) => {
	const part = (from: number, length: number) => `substr(lower(hex(${bytes})), ${from}, ${length})`;
	return `'pro_' || ${[part(1, 8), part(9, 4), part(13, 4), part(17, 4), part(21, 12)].join(" || '-' || ")}`;
};

const typeSql = (type: string) => {
	const cases = eventTypes.map((name, index) => `WHEN ${index} THEN '${name}'`);
	return `CASE ${type} ${cases.join(" ")} END`;
};

/** A claim of an event `e` as text. Asked for twice, a number comes as it is written; alone, SQLite would round it. */
const claimSql = (name: string) => {
	const twice = `json_extract(e.claims, '$.${name}', '$.${name}')`;
	return `CASE json_type(e.claims, '$.${name}') WHEN 'real' THEN substr(${twice}, 2, (length(${twice}) - 3) / 2)
		ELSE CAST(json_extract(e.claims, '$.${name}') AS TEXT) END`;
};

/**
 * SQLite works out a view once and indexes that for a join, if it may not take the view apart, which it may not where rows
 * are put together; else it would go over all events for each profile. A question to one view alone is still narrowed.
 */
const joinable = (rows: string) => `SELECT * FROM ${rows} UNION ALL SELECT * FROM ${rows} WHERE 0`;

/**
 * Read-only SQL views of a workspace's file, for whoever opens it with plain SQLite: one row for each profile, event,
 * identifier and trait write, as the profile API answers at that moment and with its names for the columns. What belongs
 * to a profile names it by `profileId`. Times are ISO 8601 text in UTC, JSON columns are JSON text, `won` is 0 or 1.
 *
 * A profile's id is the uuid of the identifier that names it, which stands in `identifiers.key`: so the views find the id
 * by looking for that identifier, and nothing has to be kept for them while events come in. The price is paid by whoever
 * asks: each question that needs profile ids goes over all identifiers once. Copy `v_events` into a table of your own to
 * ask many.
 *
 * Those that begin with an underscore are parts of the others, and may change.
 *
 * The SQL is that of SQLite 3.31, of 2020: an older program than the one that wrote the file must be able to read it, and
 * one that cannot parse a single view refuses the whole file.
 */
const views: Record<string, string> = {
	/** Whom each identifier belongs to now, by the owner that stands for the profile. The same as `ownership.ownerOf`. */
	_holders: `SELECT i.id AS identifier, ${ownerSql(lastSpan(""))} AS owner
		FROM identifiers i JOIN identifiers r ON r.id = i.root`,

	/** Whom each event belongs to. The same as `ownership.ownerAt`. */
	_event_owners: `SELECT e.seq, e.source, e.message_id, e.ts, e.lead, ${eventOwnerSql} AS owner
		FROM events e JOIN identifiers i ON i.id = e.lead JOIN identifiers r ON r.id = i.root`,

	/** Owners that have an event. Whoever leads any settles that for most, without a look at the events. */
	_owners: `SELECT h.owner FROM _holders h JOIN identifiers i ON i.id = h.identifier JOIN identifiers r ON r.id = i.root
		WHERE i.flags & ${flag.led} AND (i.type = 'user_id' OR NOT ${isSpanned})
		UNION SELECT ${rootSql("s.owner")} FROM spans s WHERE EXISTS (
			SELECT 1 FROM events e WHERE e.lead = s.identifier
			AND (e.ts, e.message_id, e.source) >= (s.from_ts, s.from_message, s.from_source)
			AND NOT EXISTS (SELECT 1 FROM spans n WHERE n.identifier = s.identifier
				AND (n.from_ts, n.from_message, n.from_source) > (s.from_ts, s.from_message, s.from_source)
				AND (n.from_ts, n.from_message, n.from_source) <= (e.ts, e.message_id, e.source)))`,

	/** Identifiers that an event carries and no deletion took, with their holders. */
	_names: `SELECT * FROM (
			SELECT i.id AS identifier, h.owner, i.key, i.type, i.value, coalesce(p.priority, ${Number.MAX_SAFE_INTEGER}) AS priority,
				${seenSql("min")} AS first_ts, ${seenSql("max")} AS last_ts
			FROM identifiers i JOIN _holders h ON h.identifier = i.id LEFT JOIN _priorities p ON p.type = i.type
			WHERE i.value IS NOT NULL)
		WHERE first_ts IS NOT NULL`,

	_priorities: `SELECT json_extract(t.value, '$[0]') AS type, json_extract(t.value, '$[1]') AS priority
		FROM meta m, json_each(m.value, '$.identifiers') t WHERE m.name = 'identity_rules'`,

	/** The id of each profile: the uuid of the earliest identifier of its best type. */
	_profiles: `SELECT p.owner, ${uuidSql("p.key")} AS id FROM (
			SELECT n.*, row_number() OVER (PARTITION BY owner ORDER BY priority, type, first_ts,
				CASE WHEN ties > 1 THEN ${firstEventSql("message_id")} END,
				CASE WHEN ties > 1 THEN ${firstEventSql("source")} END, value) AS place
			FROM (SELECT *, count(*) OVER (PARTITION BY owner, priority, type, first_ts) AS ties FROM _names) n) p
		WHERE p.place = 1 AND p.owner IN (SELECT owner FROM _owners)`,

	_trait_writes: `SELECT o.owner, w.key, w.value, w.ts, o.message_id, o.source, w.seq, row_number() OVER (
			PARTITION BY o.owner, w.key ORDER BY w.ts DESC, o.message_id DESC, o.source DESC) = 1 AS won
		FROM trait_writes w JOIN _event_owners o ON o.seq = w.seq`,

	_group_traits: `SELECT group_id, json_group_object(key, json(value)) AS traits FROM (
			SELECT group_id, key, value, row_number() OVER (
				PARTITION BY group_id, key ORDER BY ts DESC, message_id DESC, source DESC) AS place
			FROM group_writes ORDER BY group_id, key)
		WHERE place = 1 AND value <> 'null' GROUP BY group_id`,

	/** What profiles once held and hold no more, from when (null: its beginning) to when. */
	_past_names: `SELECT owner, type, value, from_ts, (
			SELECT min(s.from_ts) FROM spans s
			WHERE s.identifier = past.identifier AND (s.from_ts, s.from_message, s.from_source) > (
				SELECT l.from_ts, l.from_message, l.from_source FROM spans l
				WHERE l.identifier = past.identifier AND ${rootSql("l.owner")} = past.owner
				ORDER BY l.from_ts DESC, l.from_message DESC, l.from_source DESC LIMIT 1)) AS to_ts
		FROM (SELECT ${rootSql("s.owner")} AS owner, s.identifier, i.type, i.value, min(s.from_ts) AS from_ts
			FROM spans s JOIN identifiers i ON i.id = s.identifier WHERE i.value IS NOT NULL GROUP BY 1, 2) past
		WHERE owner <> (SELECT h.owner FROM _holders h WHERE h.identifier = past.identifier)`,

	// Joined from the left all along: in another order, SQLite would try every pair of profiles.
	_profile_rows: `SELECT p.id, coalesce(n.identifiers, '[]') AS identifiers, coalesce(b.identifiers, '[]') AS pastIdentifiers,
			coalesce(t.traits, '{}') AS traits, coalesce(g.groups, '[]') AS groups, c.count AS eventCount,
			${isoSql("c.first_ts")} AS firstSeen, ${isoSql("c.last_ts")} AS lastSeen
		FROM _profiles p
		LEFT JOIN (SELECT owner, count(*) AS count, min(ts) AS first_ts, max(ts) AS last_ts FROM _event_owners GROUP BY owner) c
			ON c.owner = p.owner
		LEFT JOIN (SELECT owner, json_group_array(json_object('type', type, 'value', value,
				'firstSeen', ${isoSql("first_ts")}, 'lastSeen', ${isoSql("last_ts")})) AS identifiers
			FROM (SELECT * FROM _names ORDER BY owner, priority, type, value) GROUP BY owner) n ON n.owner = p.owner
		LEFT JOIN (SELECT owner, json_group_array(json_object('type', type, 'value', value,
				'from', CASE WHEN from_ts <> ${beginning} THEN ${isoSql("from_ts")} END, 'to', ${isoSql("to_ts")})) AS identifiers
			FROM (SELECT * FROM _past_names ORDER BY owner, type, value) GROUP BY owner) b ON b.owner = p.owner
		LEFT JOIN (SELECT owner, json_group_object(key, json(value)) AS traits
			FROM (SELECT * FROM _trait_writes WHERE won ORDER BY owner, key) WHERE value <> 'null' GROUP BY owner) t
			ON t.owner = p.owner
		LEFT JOIN (SELECT owner, json_group_array(json_object('id', group_id, 'traits', json(coalesce(traits, '{}')))) AS groups
			FROM (SELECT DISTINCT o.owner, m.group_id, gt.traits
				FROM memberships m JOIN _event_owners o ON o.seq = m.seq LEFT JOIN _group_traits gt ON gt.group_id = m.group_id
				ORDER BY 1, 2) GROUP BY owner) g
			ON g.owner = p.owner`,

	_event_rows: `SELECT e.seq, p.id AS profileId, ${typeSql("e.type")} AS type,
			CASE WHEN e.type = ${eventTypes.indexOf("track")} THEN e.name END AS event,
			CASE WHEN e.type <> ${eventTypes.indexOf("track")} THEN e.name END AS name,
			e.message_id AS messageId, e.source, ${isoSql("e.ts")} AS timestamp, ${isoSql("e.received_at")} AS receivedAt,
			coalesce(${claimSql("userId")}, CASE i.type WHEN 'user_id' THEN i.value END) AS userId,
			coalesce(${claimSql("anonymousId")}, CASE i.type WHEN 'anonymous_id' THEN i.value ELSE a.value END) AS anonymousId,
			${claimSql("previousId")} AS previousId, ${claimSql("groupId")} AS groupId,
			${claimSql("claimedUserId")} AS claimedUserId,
			json_extract(b.body, '$.properties') AS properties,
			coalesce(b.traits, json_extract(b.body, '$.traits')) AS traits,
			coalesce(json_extract(b.body, '$.context'), '{}') AS context,
			nullif(json_remove(b.body, '$.properties', '$.traits', '$.context'), '{}') AS rest
		FROM events e LEFT JOIN event_payloads b ON b.seq = e.seq
		LEFT JOIN identifiers i ON i.id = e.lead LEFT JOIN identifiers r ON r.id = i.root
		LEFT JOIN identifiers a ON a.id = e.anonymous LEFT JOIN _profiles p ON p.owner = ${eventOwnerSql}`,

	_identifier_rows: `SELECT p.id AS profileId, n.type, n.value,
			${isoSql("n.first_ts")} AS firstSeen, ${isoSql("n.last_ts")} AS lastSeen
		FROM _names n JOIN _profiles p ON p.owner = n.owner`,

	_trait_rows: `SELECT p.id AS profileId, w.key, nullif(w.value, 'null') AS value, ${isoSql("w.ts")} AS timestamp,
			w.message_id AS messageId, w.source, w.won
		FROM _trait_writes w LEFT JOIN _profiles p ON p.owner = w.owner`,

	v_profiles: joinable("_profile_rows"),
	v_events: joinable("_event_rows"),
	v_identifiers: joinable("_identifier_rows"),
	v_trait_history: joinable("_trait_rows"),
};

const creations = Object.entries(views).map(([name, sql]) => ({ name, sql: `CREATE VIEW ${name} AS ${sql}` }));

/** Makes the views what this version says, where they are not. They hold no data, so they need no migration. */
export function putViews(database: SqliteDatabase): void {
	const stored = database.prepare("SELECT sql FROM sqlite_master WHERE type = 'view' AND name = ?").pluck();
	if (creations.every(({ name, sql }) => stored.get(name) === sql)) return;
	database
		.transaction(() => {
			for (const { name } of creations) database.exec(`DROP VIEW IF EXISTS ${name}`);
			for (const { sql } of creations) database.exec(sql);
		})
		.immediate();
}
