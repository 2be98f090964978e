import { compareUtf8 } from "@selfsame/identity";
import type { Json, JsonObject } from "@selfsame/protocol";
import { flag } from "./identifierRows.ts";
import type { OwnedSpan, Ownership } from "./ownership.ts";
import { insideSpanAsOf, isWhole, type ProfileParts } from "./profileParts.ts";
import { all, column, pluck, type Work } from "./work.ts";

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

const selectWrites =
	"SELECT w.key, w.ts, e.message_id, e.source, w.value FROM trait_writes w JOIN events e ON e.seq = w.seq";
const someTraits = `${selectWrites} WHERE w.lead = ? LIMIT ${fewWrites + 1}`;
// One probe a key instead of one a write: a person identified ten thousand times has still few keys.
const latestTraits = `WITH RECURSIVE keys(key) AS (
		SELECT min(key) FROM trait_writes WHERE lead = :id
		UNION ALL SELECT (SELECT min(key) FROM trait_writes WHERE lead = :id AND key > keys.key) FROM keys WHERE keys.key IS NOT NULL)
	SELECT w.key, w.ts, e.message_id, e.source, w.value FROM keys
	JOIN trait_writes w ON w.lead = :id AND w.key = keys.key
		AND w.ts = (SELECT max(ts) FROM trait_writes WHERE lead = :id AND key = keys.key)
	JOIN events e ON e.seq = w.seq`;
const groupValue = `SELECT value FROM group_writes WHERE group_id = ? AND key = ? AND ts <= ?
	ORDER BY ts DESC, message_id DESC, source DESC LIMIT 1`;

/** Reads the traits of people and groups, and which groups people are in. */
export function createTraitReader(ownership: Ownership) {
	/** Most devices lead nothing once their user is known: then there is nothing of theirs to look for. */
	function* leads(id: number): Work<boolean> {
		return ((yield* ownership.row(id)).flags & flag.led) !== 0;
	}

	function* traitRows(span: OwnedSpan, asOf?: number): Work<TraitRow[]> {
		if (!(yield* leads(span.identifier))) return [];
		if (isWhole(span) && asOf === undefined) {
			const some = yield* all<TraitRow>(someTraits, span.identifier);
			return some.length <= fewWrites ? some : yield* all<TraitRow>(latestTraits, { id: span.identifier });
		}
		const { where, values } = insideSpanAsOf(span, asOf, "w");
		return yield* all<TraitRow>(`${selectWrites} WHERE ${where}`, ...values);
	}

	function* groupsIn(span: OwnedSpan, asOf?: number): Work<string[]> {
		if (!(yield* leads(span.identifier))) return [];
		const led = yield* column<string>("SELECT DISTINCT group_id FROM memberships WHERE lead = ?", span.identifier);
		if (led.length === 0 || (isWhole(span) && asOf === undefined)) return led;
		const { where, values } = insideSpanAsOf(span, asOf, "m");
		const sql = `SELECT DISTINCT m.group_id FROM memberships m JOIN events e ON e.seq = m.seq WHERE ${where}`;
		return yield* column<string>(sql, ...values);
	}

	return {
		leads,

		/** Every write of one key inside a span. */
		traitWrites(span: OwnedSpan, key: string, asOf?: number): Work<TraitRow[]> {
			const { where, values } = insideSpanAsOf(span, asOf, "w");
			return all<TraitRow>(`${selectWrites} WHERE w.key = ? AND ${where}`, key, ...values);
		},

		*traitsOf({ owned, asOf }: ProfileParts): Work<JsonObject> {
			const winners = new Map<string, TraitRow>();
			for (const span of owned) {
				for (const row of yield* traitRows(span, asOf)) {
					const known = winners.get(row.key);
					if (!known || compareTraitRows(row, known) > 0) winners.set(row.key, row);
				}
			}
			return visibleTraits([...winners.values()]);
		},

		*groupIdsOf({ owned, asOf }: ProfileParts): Work<string[]> {
			const ids = new Set<string>();
			for (const span of owned) for (const id of yield* groupsIn(span, asOf)) ids.add(id);
			return [...ids].sort(compareUtf8);
		},

		*groupTraits(group: string, asOf = Number.MAX_SAFE_INTEGER): Work<JsonObject> {
			const rows: { key: string; value: string }[] = [];
			for (const key of yield* column<string>("SELECT DISTINCT key FROM group_writes WHERE group_id = ?", group)) {
				const value = yield* pluck<string>(groupValue, group, key, asOf);
				if (value !== undefined) rows.push({ key, value });
			}
			return visibleTraits(rows);
		},
	};
}

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
