import { comparePositions, type Position } from "@selfsame/identity";
import type { Claims, EventView, JsonObject, Page } from "@selfsame/protocol";
import { decodeCursor, decodeCursorOfAny, encodeCursor } from "../cursor.ts";
import type { EventQuery, GroupEventQuery } from "../port.ts";
import type { Dialect } from "./dialect.ts";
import { eventTypes } from "./eventTypes.ts";
import type { NamedRow, Ownership } from "./ownership.ts";
import { CHUNK, rowsWithin } from "./pageBytes.ts";
import { insideSpanAsOf, iso, type ProfileParts } from "./profileParts.ts";
import { all, pluck, type Value, type Work } from "./work.ts";

export interface EventRow {
	seq: number;
	source: string;
	message_id: string;
	type: number;
	ts: number;
	received_at: number;
	lead: number | null;
	anonymous: number | null;
	name: string | null;
	claims: string | null;
	body: string | null;
	traits: string | null;
}

/** Selects events `e` with their payloads. */
export const selectEvents = ({ payloads, payload }: Dialect) =>
	`SELECT e.seq, e.source, e.message_id, e.type, e.ts, e.received_at, e.lead, e.anonymous, e.name, e.claims,
	${payload("body")} AS body, ${payload("traits")} AS traits FROM events e ${payloads}`;

const groupIsNamed = `SELECT 1 WHERE EXISTS (SELECT 1 FROM memberships WHERE group_id = :id)
	OR EXISTS (SELECT 1 FROM group_writes WHERE group_id = :id)`;

/** Reads a profile's events in pages. A page costs what it shows, however many events there are. */
export function createEventReader(dialect: Dialect, ownership: Ownership) {
	const select = selectEvents(dialect);

	function* view(row: EventRow): Work<EventView> {
		const lead = row.lead === null ? null : yield* ownership.row(row.lead);
		return toEventView(row, lead, row.anonymous === null ? null : yield* ownership.row(row.anonymous));
	}

	/** `read` gives the next rows after a place, `null` being the beginning: fewer than asked for where there are no more. */
	function* toPage(
		limit: number,
		begin: readonly (string | number)[] | null,
		read: (after: readonly (string | number)[] | null, wanted: number) => Work<EventRow[]>,
		encode: (place: (string | number)[]) => string,
	): Work<Page<EventView>> {
		const rows: EventRow[] = [];
		let after = begin;
		let count = 0;
		// Some at a time, so that a page of large ones is not read beyond its end.
		while (rows.length <= limit && count === rows.length) {
			const wanted = limit < 2 * CHUNK ? limit + 1 : Math.min(CHUNK, limit + 1 - rows.length);
			const next = yield* read(after, wanted);
			rows.push(...next);
			count = rowsWithin(rows, limit, sizeOf);
			const reached = next.at(-1);
			if (!reached || next.length < wanted) break;
			after = [reached.ts, reached.message_id, reached.source];
		}
		const shown = rows.slice(0, count);
		const last = shown.at(-1);
		const hasMore = rows.length > count;
		const next = hasMore && last ? encode([last.ts, last.message_id, last.source]) : null;
		const data: EventView[] = [];
		for (const row of shown) data.push(yield* view(row));
		return { data, page: { next, hasMore, limit } };
	}

	return {
		view,
		*list(parts: ProfileParts, query: EventQuery): Work<Page<EventView>> {
			const { limit, cursor, order = "desc", type, name, from, to } = query;
			const filtersBy = (identifier?: number) => [identifier, order, type, name, from, to, parts.asOf];
			const bindings = parts.owned.map(({ identifier }) => filtersBy(identifier));
			const begin = cursor === undefined ? null : decodeCursorOfAny("events", bindings, cursor);
			const conditions: string[] = [];
			const values: Value[] = [];
			const narrow = (sql: string, ...bound: Value[]) => {
				conditions.push(sql);
				values.push(...bound);
			};
			if (type !== undefined) narrow("e.type = ?", eventTypes.indexOf(type));
			if (name !== undefined) narrow("e.name = ?", name);
			if (from !== undefined) narrow("e.ts >= ?", from);
			if (to !== undefined) narrow("e.ts < ?", to);
			const operator = order === "desc" ? "<" : ">";
			const sign = order === "desc" ? -1 : 1;
			function* read(after: readonly (string | number)[] | null, wanted: number): Work<EventRow[]> {
				const isAfter = after ? [`e.ts ${operator}= ?`, `(e.ts, e.message_id, e.source) ${operator} (?, ?, ?)`] : [];
				const place = after ? [after[0] as number, ...after] : [];
				const rows: EventRow[] = [];
				for (const span of parts.owned) {
					const inside = insideSpanAsOf(span, parts.asOf);
					const sql = `${select} WHERE ${[inside.where, ...conditions, ...isAfter].join(" AND ")}
						ORDER BY e.ts ${order}, e.message_id ${order}, e.source ${order} LIMIT ?`;
					rows.push(...(yield* all<EventRow>(sql, ...inside.values, ...values, ...place, wanted)));
				}
				rows.sort((a, b) => sign * comparePositions(positionOf(a), positionOf(b)));
				return rows.slice(0, wanted);
			}
			return yield* toPage(limit, begin, read, (place) => encodeCursor("events", bindings[0], place));
		},

		/** The `group` events that named a group and belong to somebody. */
		*ofGroup(id: string, { limit, cursor, order = "desc", from, to }: GroupEventQuery): Work<Page<EventView> | null> {
			if ((yield* pluck(groupIsNamed, { id })) === undefined) return null;
			const filters = [id, order, from, to];
			const begin = cursor === undefined ? null : decodeCursor("group events", filters, cursor);
			const operator = order === "desc" ? "<" : ">";
			const read = (after: readonly (string | number)[] | null, wanted: number): Work<EventRow[]> => {
				const sql = `${select} WHERE e.seq IN (SELECT seq FROM memberships WHERE group_id = ?)
					${from === undefined ? "" : "AND e.ts >= ?"} ${to === undefined ? "" : "AND e.ts < ?"}
					${after ? `AND (e.ts, e.message_id, e.source) ${operator} (?, ?, ?)` : ""}
					ORDER BY e.ts ${order}, e.message_id ${order}, e.source ${order} LIMIT ?`;
				return all(sql, id, ...[from, to].filter((bound) => bound !== undefined), ...(after ?? []), wanted);
			};
			return yield* toPage(limit, begin, read, (place) => encodeCursor("group events", filters, place));
		},
	};
}

const sizeOf = ({ body, traits }: EventRow): number => (body ?? "").length + (traits ?? "").length;

/** Where a row with an event's place stands among others. */
export const positionOf = (row: Pick<EventRow, "ts" | "message_id" | "source">): Position => ({
	timestamp: row.ts,
	messageId: row.message_id,
	source: row.source,
});

function toEventView(row: EventRow, lead: NamedRow | null, anonymous: NamedRow | null): EventView {
	const type = eventTypes[row.type] ?? "track";
	const claims = row.claims === null ? {} : (JSON.parse(row.claims) as Claims);
	const userId = claims.userId ?? (lead?.type === "user_id" ? lead.value : null);
	const anonymousId = claims.anonymousId ?? (lead?.type === "anonymous_id" ? lead.value : anonymous?.value);
	// Names that readers take for the collector's own word are not the visitor's to fill: events of earlier versions may hold them.
	const { context, profileId: _p, seq: _s, claimedUserId: _c, ...payload } = JSON.parse(row.body ?? "{}") as JsonObject;
	const text = (value: string | number | null | undefined, name: string) =>
		value === null || value === undefined ? {} : { [name]: String(value) };
	return {
		...payload,
		type,
		...(type === "track" ? text(row.name, "event") : text(row.name, "name")),
		messageId: row.message_id,
		source: row.source,
		timestamp: iso(row.ts),
		receivedAt: iso(row.received_at),
		...text(userId, "userId"),
		...text(anonymousId, "anonymousId"),
		...text(claims.previousId, "previousId"),
		...text(claims.groupId, "groupId"),
		...text(claims.claimedUserId, "claimedUserId"),
		...(row.traits === null ? {} : { traits: JSON.parse(row.traits) as JsonObject }),
		context: (context ?? {}) as JsonObject,
	};
}
