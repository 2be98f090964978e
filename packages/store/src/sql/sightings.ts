import type { Position } from "@selfsame/identity";
import type { NamedRow } from "./ownership.ts";
import { believedUser } from "./standing.ts";
import { all, get, pluck, type Work } from "./work.ts";

/** When something was first and last seen, ms; null where it never was. */
export interface Seen {
	first: number | null;
	last: number | null;
}

// The smallest and the largest each by one step into an index: asked for together they would read all between.
const bounds = (from: string) => `SELECT (SELECT min(ts) FROM ${from}) AS first, (SELECT max(ts) FROM ${from}) AS last`;
const asLead = bounds("events WHERE lead = :id");
const asOther = bounds("event_identifiers WHERE identifier = :id");
const asPrevious = bounds("aliases WHERE previous_user = :id AND seq > 0 AND reading = 0");
const inOwnField = `SELECT min(first) AS first, max(last) AS last FROM (${bounds("events WHERE lead = :id AND ts <= :ts")}
	UNION ALL ${bounds("event_identifiers WHERE identifier = :id AND ts <= :ts AND kind <> 1")}) AS own`;
const believedUntil = `SELECT 1 FROM events WHERE lead = ? AND ts <= ? AND ${believedUser} LIMIT 1`;
const namedByAliases = `SELECT ts, previous_user, previous_anonymous, trusted FROM aliases
	WHERE (previous_user = :id OR previous_anonymous = :id) AND ts <= :ts AND seq > 0`;
const firstEvents = `SELECT ts, message_id, source FROM (
		SELECT ts, message_id, source FROM events WHERE lead = :id AND ts = :ts
		UNION ALL SELECT e.ts, e.message_id, e.source FROM event_identifiers l JOIN events e ON e.seq = l.seq
			WHERE l.identifier = :id AND l.ts = :ts
		UNION ALL SELECT ts, message_id, source FROM aliases WHERE ts = :ts AND seq > 0
			AND (previous_user = :id AND (reading = 0 OR :past <> 0) OR previous_anonymous = :id AND :past <> 0)) AS firsts
	ORDER BY message_id, source LIMIT 1`;

function* seenBy(sql: string, id: number): Work<Seen> {
	return (yield* get<Seen>(sql, { id })) as Seen;
}

function* seenInOwnField(id: number, ts: number): Work<Seen> {
	return (yield* get<Seen>(inOwnField, { id, ts })) as Seen;
}

/**
 * When an identifier was seen. A user leads whatever it is in, or is an alias's `previousId`; any other may stand behind a
 * lead.
 *
 * @param known what is known already of the events that it leads.
 */
export function* seenEver({ id, type }: NamedRow, known?: Seen): Work<Seen> {
	const led = known ?? (yield* seenBy(asLead, id));
	const beside = yield* seenBy(type === "user_id" ? asPrevious : asOther, id);
	if (led.first === null || led.last === null) return beside;
	if (beside.first === null || beside.last === null) return led;
	return { first: Math.min(led.first, beside.first), last: Math.max(led.last, beside.last) };
}

/** Whether a user was seen, as an alias sees it: one that is believed looks at events that are believed or proven alone. */
function* isUserFor(isTrusted: boolean, user: number, ts: number): Work<boolean> {
	if (isTrusted) return (yield* pluck<number>(believedUntil, user, ts)) !== undefined;
	return (yield* seenInOwnField(user, ts)).first !== null;
}

/** At an earlier time an alias may have read its `previousId` otherwise, since less had been seen. */
function* seenUntil(id: number, ts: number): Work<Seen> {
	const { first, last } = yield* seenInOwnField(id, ts);
	const times = first === null || last === null ? [] : [first, last];
	type Alias = { ts: number; previous_user: number; previous_anonymous: number; trusted: number };
	for (const alias of yield* all<Alias>(namedByAliases, { id, ts })) {
		const isAnonymous =
			(yield* seenInOwnField(alias.previous_anonymous, ts)).first !== null &&
			!(yield* isUserFor(alias.trusted === 1, alias.previous_user, ts));
		if ((isAnonymous ? alias.previous_anonymous : alias.previous_user) === id) times.push(alias.ts);
	}
	return times.length === 0 ? { first: null, last: null } : { first: Math.min(...times), last: Math.max(...times) };
}

/** When an identifier was first and last seen, ms; null where it never was. */
export function seen(row: NamedRow, asOf?: number): Work<Seen> {
	return asOf === undefined ? seenEver(row) : seenUntil(row.id, asOf);
}

/** Where an identifier was first seen. */
export function* firstPosition(row: NamedRow, asOf?: number): Work<Position> {
	const { first } = yield* seen(row, asOf);
	const found = yield* get<{ ts: number; message_id: string; source: string }>(firstEvents, {
		id: row.id,
		ts: first,
		past: asOf === undefined ? 0 : 1,
	});
	return found
		? { timestamp: found.ts, messageId: found.message_id, source: found.source }
		: { timestamp: Number.MAX_SAFE_INTEGER, messageId: "", source: "" };
}
