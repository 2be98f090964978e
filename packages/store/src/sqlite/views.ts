import { eventTypes } from "../sql/eventTypes.ts";
import { beginning } from "../sql/evidence.ts";
import { eventOwnerSql, ownershipViews } from "../sql/ownershipViews.ts";
import type { SqliteDatabase } from "./openDatabase.ts";

/** SQLite's `min` and `max` of several are null where one is. */
const pickOf = (which: "min" | "max") => (expressions: readonly string[]) => {
	const never = { min: Number.MAX_SAFE_INTEGER, max: Number.MIN_SAFE_INTEGER }[which];
	return `nullif(${which}(${expressions.map((one) => `coalesce(${one}, ${never})`).join(", ")}), ${never})`;
};

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
	...ownershipViews({ pick: { min: pickOf("min"), max: pickOf("max") }, profileId: uuidSql, fence: "" }),

	_priorities: `SELECT json_extract(t.value, '$[0]') AS type, json_extract(t.value, '$[1]') AS priority
		FROM meta m, json_each(m.value, '$.identifiers') t WHERE m.name = 'identity_rules'`,

	_group_traits: `SELECT group_id, json_group_object(key, json(value)) AS traits
		FROM (SELECT * FROM _group_writes ORDER BY group_id, key) GROUP BY group_id`,

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
