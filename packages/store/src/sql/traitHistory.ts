import { comparePositions } from "@selfsame/identity";
import type { Json, Page, TraitWrite } from "@selfsame/protocol";
import { decodeCursorOfAny, encodeCursor } from "../cursor.ts";
import { positionOf } from "./eventReader.ts";
import { rowsWithin } from "./pageBytes.ts";
import { iso, type ProfileParts } from "./profileParts.ts";
import type { ProfileReader } from "./profileReader.ts";
import { compareTraitRows, type TraitRow } from "./traitReader.ts";
import type { Work } from "./work.ts";

/** A page of a profile's writes of one trait, newest first, with the one that won. */
export function* traitHistory(
	profiles: ProfileReader,
	{ owned, asOf }: ProfileParts,
	key: string,
	{ limit, cursor }: { limit: number; cursor?: string },
): Work<Page<TraitWrite>> {
	const rows: TraitRow[] = [];
	for (const span of owned) rows.push(...(yield* profiles.traitWrites(span, key, asOf)));
	rows.sort((a, b) => compareTraitRows(b, a));
	const winner = rows[0];
	const bindings = owned.map(({ identifier }) => [identifier, key, asOf]);
	const after = cursor === undefined ? null : decodeCursorOfAny("history", bindings, cursor);
	const [timestamp, messageId, source] = (after ?? []) as [number, string, string];
	const isAfter = (row: TraitRow) => !after || comparePositions(positionOf(row), { timestamp, messageId, source }) < 0;
	const left = rows.filter(isAfter);
	const shown = left.slice(
		0,
		rowsWithin(left, limit, ({ value }) => value.length),
	);
	const last = shown.at(-1);
	const hasMore = left.length > shown.length;
	return {
		data: shown.map((row) => ({
			value: JSON.parse(row.value) as Json,
			timestamp: iso(row.ts),
			messageId: row.message_id,
			source: row.source,
			won: row === winner,
		})),
		page: {
			next: hasMore && last ? encodeCursor("history", bindings[0], [last.ts, last.message_id, last.source]) : null,
			hasMore,
			limit,
		},
	};
}
