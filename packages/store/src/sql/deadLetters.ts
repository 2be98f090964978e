import type { Page } from "@selfsame/protocol";
import { decodeCursor, encodeCursor } from "../cursor.ts";
import type { StoredDeadLetter } from "../port.ts";
import { all, pluck, run, type Value, type Work } from "./work.ts";

/** Rows of `StoredDeadLetter`. */
export const selectLetters = `SELECT id, source, received_at AS "receivedAt", message_id AS "messageId", code, detail, body
	FROM dead_letters`;

/** What was not accepted, newest first. */
export const deadLetters = {
	*list({ limit, cursor, code }: { limit: number; cursor?: string; code?: string }): Work<Page<StoredDeadLetter>> {
		const conditions = ["true"];
		const values: Value[] = [];
		if (cursor !== undefined) {
			conditions.push("id < ?");
			values.push(decodeCursor("rejected", code, cursor)[0] as number);
		}
		if (code !== undefined) {
			conditions.push("code = ?");
			values.push(code);
		}
		const rows = yield* all<StoredDeadLetter>(
			`${selectLetters} WHERE ${conditions.join(" AND ")} ORDER BY id DESC LIMIT ?`,
			...values,
			limit + 1,
		);
		const data = rows.slice(0, limit);
		const hasMore = rows.length > limit;
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
