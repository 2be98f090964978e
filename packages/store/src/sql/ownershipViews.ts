import { flag, regionStates } from "./identifierRows.ts";

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
export const eventOwnerSql = ownerSql(
	lastSpan("AND (s.from_ts, s.from_message, s.from_source) <= (e.ts, e.message_id, e.source)"),
);

/** Of the events at the instant when the name `n` was first seen, the first one's message or source. */
const firstEventSql = (column: "message_id" | "source") =>
	`(SELECT f.${column} FROM (
		SELECT message_id, source FROM events WHERE lead = n.identifier AND ts = n.first_ts
		UNION ALL SELECT e.message_id, e.source FROM event_identifiers l JOIN events e ON e.seq = l.seq
			WHERE l.identifier = n.identifier AND l.ts = n.first_ts
		UNION ALL SELECT message_id, source FROM aliases
			WHERE previous_user = n.identifier AND ts = n.first_ts AND seq > 0 AND reading = 0) f
	ORDER BY f.message_id, f.source LIMIT 1)`;

/** Where an identifier `i` is seen. */
const sightings = [
	"events WHERE lead = i.id",
	"event_identifiers WHERE identifier = i.id",
	"aliases WHERE previous_user = i.id AND seq > 0 AND reading = 0",
];

export interface ViewDialect {
	/** The least or greatest of expressions that may each be null; null where all are. */
	pick: Record<"min" | "max", (expressions: readonly string[]) => string>;
	/** A profile's id, given its uuid's bytes. */
	profileId(bytes: string): string;
	/**
	 * Ends a query that is to be worked out by itself, before it is joined: the planner has no idea of how many rows have
	 * the same owner, and would rather work owners out for each pair of rows.
	 */
	fence: string;
}

/** The parts that the read-only views of both databases are made of: who owns what now, and what their ids are. */
export function ownershipViews({ pick, profileId, fence }: ViewDialect): Record<string, string> {
	const seen = (which: "min" | "max") => pick[which](sightings.map((from) => `(SELECT ${which}(ts) FROM ${from})`));
	return {
		/** Whom each identifier belongs to now, by the owner that stands for the profile. The same as `ownership.ownerOf`. */
		_holders: `SELECT i.id AS identifier, ${ownerSql(lastSpan(""))} AS owner
			FROM identifiers i JOIN identifiers r ON r.id = i.root ${fence}`,

		/** Whom each event belongs to. The same as `ownership.ownerAt`. */
		_event_owners: `SELECT e.seq, e.source, e.message_id, e.ts, e.lead, ${eventOwnerSql} AS owner
			FROM events e JOIN identifiers i ON i.id = e.lead JOIN identifiers r ON r.id = i.root ${fence}`,

		/** Owners that have an event. Whoever leads any settles that for most, without a look at the events. */
		_owners: `SELECT h.owner FROM _holders h JOIN identifiers i ON i.id = h.identifier JOIN identifiers r ON r.id = i.root
			WHERE (i.flags & ${flag.led}) <> 0 AND (i.type = 'user_id' OR NOT ${isSpanned})
			UNION SELECT ${rootSql("s.owner")} FROM spans s WHERE EXISTS (
				SELECT 1 FROM events e WHERE e.lead = s.identifier
				AND (e.ts, e.message_id, e.source) >= (s.from_ts, s.from_message, s.from_source)
				AND NOT EXISTS (SELECT 1 FROM spans n WHERE n.identifier = s.identifier
					AND (n.from_ts, n.from_message, n.from_source) > (s.from_ts, s.from_message, s.from_source)
					AND (n.from_ts, n.from_message, n.from_source) <= (e.ts, e.message_id, e.source)))`,

		/** Identifiers that an event carries and no deletion took, with their holders. */
		_names: `SELECT * FROM (
				SELECT i.id AS identifier, h.owner, i.key, i.type, i.value, coalesce(p.priority, ${Number.MAX_SAFE_INTEGER}) AS priority,
					${seen("min")} AS first_ts, ${seen("max")} AS last_ts
				FROM identifiers i JOIN _holders h ON h.identifier = i.id LEFT JOIN _priorities p ON p.type = i.type
				WHERE i.value IS NOT NULL) held
			WHERE first_ts IS NOT NULL ${fence}`,

		/** The id of each profile: the uuid of the earliest identifier of its best type. */
		_profiles: `SELECT p.owner, ${profileId("p.key")} AS id FROM (
				SELECT n.*, row_number() OVER (PARTITION BY owner ORDER BY priority, type, first_ts,
					CASE WHEN ties > 1 THEN ${firstEventSql("message_id")} END,
					CASE WHEN ties > 1 THEN ${firstEventSql("source")} END, value) AS place
				FROM (SELECT m.*, count(*) OVER (PARTITION BY owner, priority, type, first_ts) AS ties FROM _names m) n) p
			WHERE p.place = 1 AND p.owner IN (SELECT owner FROM _owners) ${fence}`,

		_trait_writes: `SELECT o.owner, w.key, w.value, w.ts, o.message_id, o.source, w.seq, row_number() OVER (
				PARTITION BY o.owner, w.key ORDER BY w.ts DESC, o.message_id DESC, o.source DESC) = 1 AS won
			FROM trait_writes w JOIN _event_owners o ON o.seq = w.seq`,

		/** The writes of groups' traits that count. */
		_group_writes: `SELECT group_id, key, value FROM (
				SELECT group_id, key, value, row_number() OVER (
					PARTITION BY group_id, key ORDER BY ts DESC, message_id DESC, source DESC) AS place
				FROM group_writes) w
			WHERE place = 1 AND value <> 'null'`,

		/** What profiles once held and hold no more, from when (null: its beginning) to when. */
		_past_names: `SELECT owner, type, value, from_ts, (
				SELECT min(s.from_ts) FROM spans s
				WHERE s.identifier = past.identifier AND (s.from_ts, s.from_message, s.from_source) > (
					SELECT l.from_ts, l.from_message, l.from_source FROM spans l
					WHERE l.identifier = past.identifier AND ${rootSql("l.owner")} = past.owner
					ORDER BY l.from_ts DESC, l.from_message DESC, l.from_source DESC LIMIT 1)) AS to_ts
			FROM (SELECT ${rootSql("s.owner")} AS owner, i.id AS identifier, i.type, i.value, min(s.from_ts) AS from_ts
				FROM spans s JOIN identifiers i ON i.id = s.identifier WHERE i.value IS NOT NULL GROUP BY 1, i.id) past
			WHERE owner <> (SELECT h.owner FROM _holders h WHERE h.identifier = past.identifier)`,
	};
}
