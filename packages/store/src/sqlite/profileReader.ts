import {
	comparePositions,
	compareUtf8,
	type IdentityConfig,
	normaliseEmail,
	normaliseValue,
	type Position,
	priorityOf,
} from "@selfsame/identity";
import type { Identifier, Json, JsonObject, Profile } from "@selfsame/protocol";
import { parse } from "uuid";
import type { ProfileRef } from "../port.ts";
import { identifierKey, profileIdOf } from "./hashes.ts";
import { flag } from "./identifiers.ts";
import { createStatements, type SqliteDatabase } from "./openDatabase.ts";
import { insideSpan, type NamedRow, type OwnedSpan, type Ownership } from "./ownership.ts";

interface Seen {
	first: number | null;
	last: number | null;
}

/** A trait write as stored, with its event's place. */
export interface TraitRow {
	key: string;
	ts: number;
	message_id: string;
	source: string;
	value: string;
}

/** As many writes are read faster than looked through key by key. */
const fewWrites = 50;

export const iso = (ms: number) => new Date(ms).toISOString();

/** What a profile is made of, at whatever time: its present members, and all the stretches that it owns. */
export interface ProfileParts {
	owned: OwnedSpan[];
	/** Only events dated at or before it count, ms. */
	asOf?: number;
}

/** Reads profiles off evidence and ownership. Everything shown is computed here; nothing is stored twice. */
export function createProfileReader(database: SqliteDatabase, config: IdentityConfig, ownership: Ownership) {
	const statement = createStatements(database);
	const byKey = database.prepare("SELECT id FROM identifiers WHERE key = ? AND died_at IS NULL").pluck();
	// The smallest and the largest each by one step into an index: asked for together they would read all between.
	const bounds = (from: string) =>
		`SELECT (SELECT min(ts) FROM ${from}) AS first, (SELECT max(ts) FROM ${from}) AS last`;
	const asLead = database.prepare(bounds("events WHERE lead = :id"));
	const asOther = database.prepare(bounds("event_identifiers WHERE identifier = :id"));
	const asPrevious = database.prepare(bounds("aliases WHERE previous_user = :id AND seq > 0 AND reading = 0"));
	const seenInOwnField = database.prepare(
		`SELECT min(first) AS first, max(last) AS last FROM (${bounds("events WHERE lead = :id AND ts <= :ts")}
			UNION ALL ${bounds("event_identifiers WHERE identifier = :id AND ts <= :ts AND kind <> 1")})`,
	);
	const namedByAliases = database.prepare(
		`SELECT ts, previous_user, previous_anonymous FROM aliases
		WHERE (previous_user = :id OR previous_anonymous = :id) AND ts <= :ts AND seq > 0`,
	);
	const firstEvents = database.prepare(
		`SELECT ts, message_id, source FROM (
			SELECT ts, message_id, source FROM events WHERE lead = :id AND ts = :ts
			UNION ALL SELECT e.ts, e.message_id, e.source FROM event_identifiers l JOIN events e ON e.seq = l.seq
				WHERE l.identifier = :id AND l.ts = :ts
			UNION ALL SELECT ts, message_id, source FROM aliases WHERE ts = :ts AND seq > 0
				AND (previous_user = :id AND (reading = 0 OR :past) OR previous_anonymous = :id AND :past))
		ORDER BY message_id, source LIMIT 1`,
	);
	// One probe a key instead of one a write: a person identified ten thousand times has still few keys.
	const latestTraits = database.prepare(
		`WITH RECURSIVE keys(key) AS (
			SELECT min(key) FROM trait_writes WHERE lead = :id
			UNION ALL SELECT (SELECT min(key) FROM trait_writes WHERE lead = :id AND key > keys.key) FROM keys WHERE keys.key IS NOT NULL)
		SELECT w.key, w.ts, e.message_id, e.source, w.value FROM keys
		JOIN trait_writes w ON w.lead = :id AND w.key = keys.key
			AND w.ts = (SELECT max(ts) FROM trait_writes WHERE lead = :id AND key = keys.key)
		JOIN events e ON e.seq = w.seq`,
	);
	const someTraits = database.prepare(
		`SELECT w.key, w.ts, e.message_id, e.source, w.value FROM trait_writes w JOIN events e ON e.seq = w.seq
		WHERE w.lead = ? LIMIT ${fewWrites + 1}`,
	);
	const groupsLed = database.prepare("SELECT DISTINCT group_id FROM memberships WHERE lead = ?").pluck();
	const groupKeys = database.prepare("SELECT DISTINCT key FROM group_writes WHERE group_id = ?").pluck();
	const groupValue = database
		.prepare(
			`SELECT value FROM group_writes WHERE group_id = ? AND key = ? AND ts <= ?
			ORDER BY ts DESC, message_id DESC, source DESC LIMIT 1`,
		)
		.pluck();

	/** `e` narrowed to a span, as of a time. */
	const condition = (span: OwnedSpan, asOf: number | undefined) => {
		const inside = insideSpan(span);
		if (asOf === undefined) return inside;
		return { where: `${inside.where} AND e.ts <= ?`, values: [...inside.values, asOf] };
	};

	/** Most devices lead nothing once their user is known: then there is nothing of theirs to look for. */
	const leads = (id: number) => (ownership.row(id).flags & flag.led) !== 0;

	const countIn = (span: OwnedSpan, asOf?: number): Seen & { count: number } => {
		if (!leads(span.identifier)) return { count: 0, first: null, last: null };
		const { where, values } = condition(span, asOf);
		const sql = `SELECT count(*) AS count, min(e.ts) AS first, max(e.ts) AS last FROM events e WHERE ${where}`;
		return statement(sql).get(...values) as Seen & { count: number };
	};

	const hasEventIn = (span: OwnedSpan, asOf?: number): boolean => {
		const { where, values } = condition(span, asOf);
		return statement(`SELECT 1 FROM events e WHERE ${where} LIMIT 1`).get(...values) !== undefined;
	};

	/** Where an identifier was first seen. */
	const firstPosition = (id: number, asOf?: number): Position => {
		const { first } = seen(ownership.row(id), asOf);
		const row = firstEvents.get({ id, ts: first, past: asOf === undefined ? 0 : 1 }) as
			| { ts: number; message_id: string; source: string }
			| undefined;
		return row
			? { timestamp: row.ts, messageId: row.message_id, source: row.source }
			: { timestamp: Number.MAX_SAFE_INTEGER, messageId: "", source: "" };
	};

	/** The identifier that names a profile: the earliest of its best type. */
	const naming = (held: readonly NamedRow[], asOf?: number): NamedRow => {
		const rank = (row: NamedRow) => priorityOf(config, row.type);
		const best = [...held].sort((a, b) => rank(a) - rank(b) || compareUtf8(a.type, b.type))[0] as NamedRow;
		const candidates = held.filter(({ type }) => type === best.type);
		if (candidates.length === 1) return best;
		return candidates
			.map((row) => ({ row, at: firstPosition(row.id, asOf) }))
			.sort((a, b) => comparePositions(a.at, b.at) || compareUtf8(a.row.value ?? "", b.row.value ?? ""))[0]
			?.row as NamedRow;
	};

	const traitRows = (span: OwnedSpan, asOf?: number): TraitRow[] => {
		if (!leads(span.identifier)) return [];
		if (isWhole(span) && asOf === undefined) {
			const some = someTraits.all(span.identifier) as TraitRow[];
			return some.length <= fewWrites ? some : (latestTraits.all({ id: span.identifier }) as TraitRow[]);
		}
		const { where, values } = condition(span, asOf);
		return statement(
			`SELECT w.key, w.ts, e.message_id, e.source, w.value FROM trait_writes w JOIN events e ON e.seq = w.seq
				WHERE w.lead = ? AND ${where}`,
		).all(span.identifier, ...values) as TraitRow[];
	};

	/** Every write of one key inside a span. */
	const traitWrites = (span: OwnedSpan, key: string, asOf?: number): TraitRow[] => {
		const { where, values } = condition(span, asOf);
		const sql = `SELECT w.key, w.ts, e.message_id, e.source, w.value FROM trait_writes w JOIN events e ON e.seq = w.seq
			WHERE w.lead = ? AND w.key = ? AND ${where}`;
		return statement(sql).all(span.identifier, key, ...values) as TraitRow[];
	};

	const traitsOf = ({ owned, asOf }: ProfileParts): JsonObject => {
		const winners = new Map<string, TraitRow>();
		for (const span of owned) {
			for (const row of traitRows(span, asOf)) {
				const known = winners.get(row.key);
				if (!known || compareTraitRows(row, known) > 0) winners.set(row.key, row);
			}
		}
		return visibleTraits([...winners.values()]);
	};

	const groupsIn = (span: OwnedSpan, asOf?: number): string[] => {
		const led = leads(span.identifier) ? (groupsLed.all(span.identifier) as string[]) : [];
		if (led.length === 0 || (isWhole(span) && asOf === undefined)) return led;
		const { where, values } = condition(span, asOf);
		const sql = `SELECT DISTINCT m.group_id FROM memberships m JOIN events e ON e.seq = m.seq WHERE m.lead = ? AND ${where}`;
		return statement(sql)
			.pluck()
			.all(span.identifier, ...values) as string[];
	};

	const groupIdsOf = ({ owned, asOf }: ProfileParts): string[] => {
		const ids = new Set<string>();
		for (const span of owned) for (const id of groupsIn(span, asOf)) ids.add(id);
		return [...ids].sort(compareUtf8);
	};

	const groupTraits = (group: string, asOf = Number.MAX_SAFE_INTEGER): JsonObject => {
		const rows = (groupKeys.all(group) as string[]).flatMap((key) => {
			const value = groupValue.get(group, key, asOf) as string | undefined;
			return value === undefined ? [] : [{ key, value }];
		});
		return visibleTraits(rows);
	};

	/** The profile's names now held, best first; those whose value was deleted are nobody's to see. */
	const heldOf = ({ owned }: ProfileParts): NamedRow[] => {
		const held = new Map<number, NamedRow>();
		for (const { identifier, to } of owned) if (!to) held.set(identifier, ownership.row(identifier));
		const rank = (row: NamedRow) => priorityOf(config, row.type);
		return [...held.values()]
			.filter((row) => row.value !== null)
			.sort(
				(a, b) => rank(a) - rank(b) || compareUtf8(a.type, b.type) || compareUtf8(a.value as string, b.value as string),
			);
	};

	/** At an earlier time an alias may have read its `previousId` otherwise, since less had been seen. */
	const seenUntil = (id: number, ts: number): Seen => {
		const own = (one: number) => seenInOwnField.get({ id: one, ts }) as Seen;
		const { first, last } = own(id);
		const times = first === null || last === null ? [] : [first, last];
		for (const alias of namedByAliases.all({ id, ts }) as {
			ts: number;
			previous_user: number;
			previous_anonymous: number;
		}[]) {
			const isAnonymous = own(alias.previous_anonymous).first !== null && own(alias.previous_user).first === null;
			if ((isAnonymous ? alias.previous_anonymous : alias.previous_user) === id) times.push(alias.ts);
		}
		return times.length === 0 ? { first: null, last: null } : { first: Math.min(...times), last: Math.max(...times) };
	};
	/** A user leads whatever it is in, or is an alias's `previousId`; any other may stand behind a lead. */
	const seenEver = ({ id, type }: NamedRow, led: Seen = asLead.get({ id }) as Seen): Seen => {
		const beside = (type === "user_id" ? asPrevious : asOther).get({ id }) as Seen;
		if (led.first === null || led.last === null) return beside;
		if (beside.first === null || beside.last === null) return led;
		return { first: Math.min(led.first, beside.first), last: Math.max(led.last, beside.last) };
	};
	const seen = (row: NamedRow, asOf?: number): Seen => (asOf === undefined ? seenEver(row) : seenUntil(row.id, asOf));

	/** @param led what is known of the events that some of them lead. */
	const identifiersOf = (parts: ProfileParts, led: ReadonlyMap<number, Seen> = new Map()): Profile["identifiers"] =>
		heldOf(parts).flatMap((row) => {
			const { first, last } = parts.asOf === undefined ? seenEver(row, led.get(row.id)) : seen(row, parts.asOf);
			if (first === null || last === null) return [];
			return [{ type: row.type, value: row.value as string, firstSeen: iso(first), lastSeen: iso(last) }];
		});

	const pastIdentifiersOf = ({ owned }: ProfileParts): Profile["pastIdentifiers"] => {
		const past = new Map<number, OwnedSpan>();
		const held = new Set(owned.filter(({ to }) => !to).map(({ identifier }) => identifier));
		for (const span of owned) {
			if (held.has(span.identifier)) continue;
			const known = past.get(span.identifier);
			past.set(span.identifier, known ? { ...known, to: span.to } : span);
		}
		return [...past.values()]
			.map(({ identifier, from, to }) => ({ row: ownership.row(identifier), from, to: to as Position }))
			.filter(({ row }) => row.value !== null)
			.map(({ row, from, to }) => ({
				type: row.type,
				value: row.value as string,
				from: from && iso(from.timestamp),
				to: iso(to.timestamp),
			}))
			.sort((a, b) => compareUtf8(a.type, b.type) || compareUtf8(a.value, b.value));
	};

	/** The id of a profile, of whose names those in `shown` have been seen. */
	const idFrom = (parts: ProfileParts, shown: readonly Identifier[]): string => {
		const visible = new Set(shown.map(({ type, value }) => `${type}\n${value}`));
		const held = heldOf(parts).filter(({ type, value }) => visible.has(`${type}\n${value}`));
		const { type, value } = naming(held, parts.asOf);
		return profileIdOf({ type, value: value as string });
	};

	return {
		/** The row that a reference names, where it is or was anybody's. */
		find(ref: ProfileRef): number | undefined {
			const key = "id" in ref ? profileKey(ref.id) : identifierKeyOf(ref);
			return key === null ? undefined : (byKey.get(key) as number | undefined);
		},

		/** Whether any event carries an identifier; one that only a correction names is nobody's. */
		isSeen(id: number, asOf?: number): boolean {
			const row = ownership.row(id);
			return (asOf === undefined && (row.flags & flag.seen) !== 0) || seen(row, asOf).first !== null;
		},

		/** When an identifier was first and last seen, ms; null where it never was. */
		seen,
		naming,
		heldOf,
		traitsOf,
		traitWrites,
		groupIdsOf,
		groupTraits,
		countIn,
		condition,

		/** The id alone of `profile`, as of now. */
		idOf(parts: ProfileParts): string | null {
			const shown = identifiersOf(parts);
			const hasEvents = () => parts.owned.some((span) => hasEventIn(span));
			return shown.length > 0 && hasEvents() ? idFrom(parts, shown) : null;
		},

		/** Whether there is anything to show: an event, and a name. */
		exists(parts: ProfileParts): boolean {
			const isNamed = heldOf(parts).some((row) => seen(row, parts.asOf).first !== null);
			return isNamed && parts.owned.some((span) => hasEventIn(span, parts.asOf));
		},

		/** Null where nothing is left to show: no event, or no name. */
		profile(parts: ProfileParts): Profile | null {
			const counts = parts.owned.map((span) => countIn(span, parts.asOf));
			const eventCount = counts.reduce((sum, { count }) => sum + count, 0);
			const led = new Map(
				parts.owned.flatMap((span, i) => (isWhole(span) ? [[span.identifier, counts[i] as Seen]] : [])),
			);
			const identifiers = identifiersOf(parts, led);
			if (eventCount === 0 || identifiers.length === 0) return null;
			const firsts = counts.flatMap(({ first }) => (first === null ? [] : [first]));
			const lasts = counts.flatMap(({ last }) => (last === null ? [] : [last]));
			return {
				id: idFrom(parts, identifiers),
				identifiers,
				pastIdentifiers: pastIdentifiersOf(parts),
				traits: traitsOf(parts),
				groups: groupIdsOf(parts).map((id) => ({ id, traits: groupTraits(id, parts.asOf) })),
				eventCount,
				firstSeen: iso(Math.min(...firsts)),
				lastSeen: iso(Math.max(...lasts)),
			};
		},
	};
}

const isWhole = ({ from, to }: OwnedSpan) => !from && !to;

export type ProfileReader = ReturnType<typeof createProfileReader>;

/** By (timestamp, messageId, source): the greatest write of a key wins. */
export function compareTraitRows(a: TraitRow, b: TraitRow): number {
	return a.ts - b.ts || compareUtf8(a.message_id, b.message_id) || compareUtf8(a.source, b.source);
}

/** A null that won means that the key is gone. Keys come in order, so that two answers compare. */
function visibleTraits(rows: readonly { key: string; value: string }[]): JsonObject {
	const entries = rows
		.filter(({ value }) => value !== "null")
		.sort((a, b) => compareUtf8(a.key, b.key))
		.map(({ key, value }): [string, Json] => [key, JSON.parse(value) as Json]);
	return Object.fromEntries(entries);
}

function profileKey(id: string): Buffer | null {
	try {
		return id.startsWith("pro_") ? Buffer.from(parse(id.slice(4))) : null;
	} catch {
		return null;
	}
}

/** Readers may write an id as clients do: with spaces, quotes or capitals around an email. */
function identifierKeyOf({ type, value }: Identifier): Buffer | null {
	const normal = type === "email" ? normaliseEmail(value) : normaliseValue(value);
	return normal === null ? null : identifierKey({ type, value: normal });
}
