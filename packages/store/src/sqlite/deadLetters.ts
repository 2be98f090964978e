import type { Page } from "@selfsame/protocol";
import { and, desc, eq, inArray, lt } from "drizzle-orm";
import { drizzle } from "drizzle-orm/better-sqlite3";
import { decodeCursor, encodeCursor } from "../cursor.ts";
import type { StoredDeadLetter } from "../port.ts";
import type { SqliteDatabase } from "./openDatabase.ts";
import { deadLetters } from "./schema.ts";

/** What was not accepted, newest first. */
export function createDeadLetters(database: SqliteDatabase) {
	const db = drizzle(database);
	return {
		list({ limit, cursor, code }: { limit: number; cursor?: string; code?: string }): Page<StoredDeadLetter> {
			const after = cursor === undefined ? null : (decodeCursor("rejected", code, cursor)[0] as number);
			const rows = db
				.select()
				.from(deadLetters)
				.where(
					and(
						after === null ? undefined : lt(deadLetters.id, after),
						code === undefined ? undefined : eq(deadLetters.code, code),
					),
				)
				.orderBy(desc(deadLetters.id))
				.limit(limit + 1)
				.all();
			const data = rows.slice(0, limit);
			const hasMore = rows.length > limit;
			const next = hasMore ? encodeCursor("rejected", code, [data.at(-1)?.id ?? 0]) : null;
			return { data, page: { next, hasMore, limit } };
		},
		remove(ids: readonly number[]): number {
			return db
				.delete(deadLetters)
				.where(inArray(deadLetters.id, [...ids]))
				.run().changes;
		},
		trim({ maxCount, before }: { maxCount: number; before: number }): number {
			const old = db.delete(deadLetters).where(lt(deadLetters.receivedAt, before)).run().changes;
			const cut = db
				.select({ id: deadLetters.id })
				.from(deadLetters)
				.orderBy(desc(deadLetters.id))
				.limit(1)
				.offset(maxCount)
				.get();
			if (!cut) return old;
			return old + database.prepare("DELETE FROM dead_letters WHERE id <= ?").run(cut.id).changes;
		},
	};
}
