import { comparePositions, type Position } from "@selfsame/identity";
import type { AcceptedEvent, Identifier } from "@selfsame/protocol";
import { beginning, theEnd } from "./facts.ts";
import { identifierKey, type KeyedHash } from "./hashes.ts";
import type { SqliteDatabase } from "./openDatabase.ts";

interface TombstoneColumns {
	from_ts: number;
	from_message: string;
	from_source: string;
	to_ts: number;
	to_message: string;
	to_source: string;
	at: number;
}

/** What a deleted person owned of one identifier: `[from, to)`, null being the beginning and the end. */
export interface Tombstone {
	identifier: Buffer;
	from: Position | null;
	to: Position | null;
}

/** Keeps deleted people deleted: by keyed hashes, so that nothing of them is kept. */
export function createTombstones(database: SqliteDatabase, hash: KeyedHash) {
	const find = database.prepare("SELECT * FROM tombstones WHERE hash = ?");
	const put = database.prepare(
		`INSERT INTO tombstones (hash, from_ts, from_message, from_source, to_ts, to_message, to_source, at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
	);
	const suppressedAt = database.prepare("SELECT at FROM suppressed WHERE hash = ?").pluck();
	const suppress = database.prepare(
		"INSERT INTO suppressed (hash, at) VALUES (?, ?) ON CONFLICT DO UPDATE SET at = min(at, excluded.at)",
	);
	const knowsMessage = database.prepare("SELECT 1 FROM gone_messages WHERE hash = ?").pluck();
	const rememberMessage = database.prepare("INSERT OR IGNORE INTO gone_messages (hash) VALUES (?)");
	const anyDeletion = database.prepare("SELECT 1 FROM deletions LIMIT 1").pluck();
	let active = anyDeletion.get() !== undefined;

	const covers = (row: TombstoneColumns, { source, messageId, timestamp }: Position) => {
		if (timestamp >= row.at) return false;
		const position = { timestamp, messageId, source };
		const from = { timestamp: row.from_ts, messageId: row.from_message, source: row.from_source };
		const to = { timestamp: row.to_ts, messageId: row.to_message, source: row.to_source };
		return comparePositions(position, from) >= 0 && comparePositions(position, to) < 0;
	};

	return {
		/** Whether an event is a deleted person's (`erased`) or is not wanted any more (`suppressed`). */
		judge(event: AcceptedEvent, leadOf: () => Identifier | undefined): "erased" | "suppressed" | null {
			if (!active) return null;
			const lead = leadOf();
			if (!lead) return null;
			const hashed = hash.identifier(identifierKey(lead));
			if ((find.all(hashed) as TombstoneColumns[]).some((row) => covers(row, event))) return "erased";
			const since = suppressedAt.get(hashed) as number | undefined;
			return since !== undefined && event.timestamp >= since ? "suppressed" : null;
		},
		knowsMessage(source: string, messageId: string): boolean {
			return active && knowsMessage.get(hash.message(source, messageId)) !== undefined;
		},
		rememberMessage(source: string, messageId: string): void {
			rememberMessage.run(hash.message(source, messageId));
		},
		bury({ identifier, from, to }: Tombstone, at: number): void {
			put.run(
				identifier,
				from?.timestamp ?? beginning,
				from?.messageId ?? "",
				from?.source ?? "",
				to?.timestamp ?? theEnd,
				to?.messageId ?? "",
				to?.source ?? "",
				at,
			);
		},
		suppress(identifier: Buffer, at: number): void {
			suppress.run(identifier, at);
		},
		/** Looks again whether there is any deletion, after one was made or rolled back. */
		refresh(): void {
			active = anyDeletion.get() !== undefined;
		},
	};
}

export type Tombstones = ReturnType<typeof createTombstones>;
