import type { Page } from "@selfsame/protocol";
import { decodeCursor, encodeCursor } from "../cursor.ts";
import type { StoredDeadLetter } from "../port.ts";
import { CHUNK, rowsWithin } from "./pageBytes.ts";
import { all, pluck, run, type Value, type Work } from "./work.ts";

/** Rows of `StoredDeadLetter`. */
export const selectLetters = `SELECT id, source, received_at AS "receivedAt", message_id AS "messageId", code, detail, body
	FROM dead_letters`;

/** What was not accepted, newest first. */
export const deadLetters = {
	*list({ limit, cursor, code }: { limit: number; cursor?: string; code?: string }): Work<Page<StoredDeadLetter>> {
		const ofCode = code === undefined ? "" : "AND code = ?";
		const values: Value[] = code === undefined ? [] : [code];
		const sql = `${selectLetters} WHERE id < ? ${ofCode} ORDER BY id DESC LIMIT ?`;
		let before = cursor === undefined ? Number.MAX_SAFE_INTEGER : (decodeCursor("rejected", code, cursor)[0] as number);
		const rows: StoredDeadLetter[] = [];
		let shown = 0;
		// Some at a time, so that a page of large ones is not read beyond its end.
		while (rows.length <= limit && shown === rows.length) {
			const wanted = Math.min(CHUNK, limit + 1 - rows.length);
			const next = yield* all<StoredDeadLetter>(sql, before, ...values, wanted);
			rows.push(...next);
			shown = rowsWithin(rows, limit, ({ body }) => body.length);
			if (next.length < wanted) break;
			before = next.at(-1)?.id ?? 0;
		}
		const data = rows.slice(0, shown);
		const hasMore = rows.length > shown;
		const next = hasMore ? encodeCursor("rejected", code, [data.at(-1)?.id ?? 0]) : null;
		return { data, page: { next, hasMore, limit } };
	},
	*remove(ids: readonly number[]): Work<number> {
		let removed = 0;
		for (const id of ids) removed += yield* run("DELETE FROM dead_letters WHERE id = ?", id);
		return removed;
	},
	*trim({ maxCount, before }: { maxCount: number; before: number }): Work<number> {
		const old = yield* run("DELETE FROM dead_letters WHERE received_at < ?", before);
		const cut = yield* pluck<number>("SELECT id FROM dead_letters ORDER BY id DESC LIMIT 1 OFFSET ?", maxCount);
		return cut === undefined ? old : old + (yield* run("DELETE FROM dead_letters WHERE id <= ?", cut));
	},
};
