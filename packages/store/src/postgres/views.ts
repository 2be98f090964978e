import { createHash } from "node:crypto";
import { eventTypes } from "../sql/eventTypes.ts";
import { beginning } from "../sql/evidence.ts";
import { eventOwnerSql, ownershipViews } from "../sql/ownershipViews.ts";
import { functions } from "./functions.ts";

/** Days and the rest apart, so that no instant is too far away to be exact. */
const isoSql = (ms: string) =>
	`to_char(timestamp 'epoch' + (${ms} / 86400000) * interval '1 day' + (${ms} % 86400000) * interval '1 millisecond',
		'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

const typeSql = (type: string) => {
	const cases = eventTypes.map((name, index) => `WHEN ${index} THEN '${name}'`);
	return `CASE ${type} ${cases.join(" ")} END`;
};

const track = eventTypes.indexOf("track");

/** A claim of an event `e` as text: a number as it is written. */
const claimSql = (name: string) => `(e.claims::json ->> '${name}')`;

/**
 * Read-only SQL views of a workspace, with the rows and names of the columns that those of a SQLite file have
 * (`../sqlite/views.ts`), in what PostgreSQL has for them: JSON is `jsonb`, `won` is a boolean. Names of columns are
 * written without quotes, so that the same query runs on both; PostgreSQL gives them back in small letters.
 *
 * Those that begin with an underscore are parts of the others, and may change.
 */
const views: Record<string, string> = {
	_priorities: `SELECT t.value ->> 0 AS type, CAST(t.value ->> 1 AS bigint) AS priority
		FROM meta m CROSS JOIN LATERAL jsonb_array_elements(CAST(m.value AS jsonb) -> 'identifiers') t(value)
		WHERE m.name = 'identity_rules'`,

	...ownershipViews({
		pick: { min: (all) => `least(${all.join(", ")})`, max: (all) => `greatest(${all.join(", ")})` },
		profileId: (bytes) => `'pro_' || CAST(CAST(encode(${bytes}, 'hex') AS uuid) AS text)`,
		fence: "OFFSET 0",
	}),

	_group_traits: `SELECT group_id, jsonb_object_agg(key, selfsame_json(value)) AS traits FROM _group_writes GROUP BY group_id`,

	v_profiles: `SELECT p.id, coalesce(n.identifiers, '[]') AS identifiers, coalesce(b.identifiers, '[]') AS pastIdentifiers,
			coalesce(t.traits, '{}') AS traits, coalesce(g.groups, '[]') AS groups, c.count AS eventCount,
			${isoSql("c.first_ts")} AS firstSeen, ${isoSql("c.last_ts")} AS lastSeen
		FROM _profiles p
		LEFT JOIN (SELECT owner, count(*) AS count, min(ts) AS first_ts, max(ts) AS last_ts FROM _event_owners GROUP BY owner) c
			ON c.owner = p.owner
		LEFT JOIN (SELECT owner, jsonb_agg(jsonb_build_object('type', type, 'value', value,
				'firstSeen', ${isoSql("first_ts")}, 'lastSeen', ${isoSql("last_ts")}) ORDER BY priority, type, value) AS identifiers
			FROM _names GROUP BY owner) n ON n.owner = p.owner
		LEFT JOIN (SELECT owner, jsonb_agg(jsonb_build_object('type', type, 'value', value,
				'from', CASE WHEN from_ts <> ${beginning} THEN ${isoSql("from_ts")} END, 'to', ${isoSql("to_ts")})
				ORDER BY type, value) AS identifiers
			FROM _past_names GROUP BY owner) b ON b.owner = p.owner
		LEFT JOIN (SELECT owner, jsonb_object_agg(key, selfsame_json(value)) AS traits
			FROM _trait_writes WHERE won AND value <> 'null' GROUP BY owner) t ON t.owner = p.owner
		LEFT JOIN (SELECT m.owner, jsonb_agg(jsonb_build_object('id', m.group_id, 'traits', coalesce(gt.traits, '{}'))
				ORDER BY m.group_id) AS groups
			FROM (SELECT DISTINCT o.owner, m.group_id FROM memberships m JOIN _event_owners o ON o.seq = m.seq) m
			LEFT JOIN _group_traits gt ON gt.group_id = m.group_id GROUP BY m.owner) g ON g.owner = p.owner`,

	v_events: `SELECT e.seq, p.id AS profileId, ${typeSql("e.type")} AS type,
			CASE WHEN e.type = ${track} THEN e.name END AS event, CASE WHEN e.type <> ${track} THEN e.name END AS name,
			e.message_id AS messageId, e.source, ${isoSql("e.ts")} AS timestamp, ${isoSql("e.received_at")} AS receivedAt,
			coalesce(${claimSql("userId")}, CASE i.type WHEN 'user_id' THEN i.value END) AS userId,
			coalesce(${claimSql("anonymousId")}, CASE i.type WHEN 'anonymous_id' THEN i.value ELSE a.value END) AS anonymousId,
			${claimSql("previousId")} AS previousId, ${claimSql("groupId")} AS groupId,
			${claimSql("claimedUserId")} AS claimedUserId,
			d.body -> 'properties' AS properties, coalesce(selfsame_json(b.traits), d.body -> 'traits') AS traits,
			coalesce(d.body -> 'context', '{}') AS context,
			nullif(d.body - 'properties' - 'traits' - 'context', '{}') AS rest
		FROM events e LEFT JOIN event_payloads b ON b.seq = e.seq AND b.received_at = e.received_at
		LEFT JOIN LATERAL (SELECT selfsame_json(b.body) AS body OFFSET 0) d ON true
		LEFT JOIN identifiers i ON i.id = e.lead LEFT JOIN identifiers r ON r.id = i.root
		LEFT JOIN identifiers a ON a.id = e.anonymous LEFT JOIN _profiles p ON p.owner = ${eventOwnerSql}`,

	v_identifiers: `SELECT p.id AS profileId, n.type, n.value,
			${isoSql("n.first_ts")} AS firstSeen, ${isoSql("n.last_ts")} AS lastSeen
		FROM _names n JOIN _profiles p ON p.owner = n.owner`,

	v_trait_history: `SELECT p.id AS profileId, w.key, nullif(selfsame_json(w.value), 'null') AS value,
			${isoSql("w.ts")} AS timestamp, w.message_id AS messageId, w.source, w.won
		FROM _trait_writes w LEFT JOIN _profiles p ON p.owner = w.owner`,
};

const statements = [
	...functions,
	// Replaced where they stand: others may have built views of their own on them.
	...Object.entries(views).map(([name, sql]) => `CREATE OR REPLACE VIEW ${name} AS ${sql}`),
];

/**
 * Makes the functions and the views what this version says. They hold no data, so it is run whenever they were changed,
 * and the name tells one such change from another.
 */
export const routines = {
	name: `routines ${createHash("sha256").update(statements.join("\n")).digest("hex").slice(0, 16)}`,
	statements,
};
