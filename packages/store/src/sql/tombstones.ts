import { comparePositions, type Position } from "@selfsame/identity";
import type { AcceptedEvent, Identifier } from "@selfsame/protocol";
import { beginning, theEnd } from "./evidence.ts";
import { identifierKey } from "./hashes.ts";
import type { KeyedHash } from "./keyedHash.ts";
import { all, pluck, run, type Work } from "./work.ts";

export interface TombstoneColumns {
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

const put = `INSERT INTO tombstones (hash, from_ts, from_message, from_source, to_ts, to_message, to_source, at)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?)`;
const suppress = `INSERT INTO suppressed (hash, at) VALUES (?, ?) ON CONFLICT (hash)
	DO UPDATE SET at = CASE WHEN suppressed.at < excluded.at THEN suppressed.at ELSE excluded.at END`;

/** Whether a deleted person owned the place of an event that a tombstone's identifier leads. */
export function isCovered(row: TombstoneColumns, { source, messageId, timestamp }: Position): boolean {
	if (timestamp >= row.at) return false;
	const position = { timestamp, messageId, source };
	const from = { timestamp: row.from_ts, messageId: row.from_message, source: row.from_source };
	const to = { timestamp: row.to_ts, messageId: row.to_message, source: row.to_source };
	return comparePositions(position, from) >= 0 && comparePositions(position, to) < 0;
}

/** Keeps deleted people deleted: by keyed hashes, so that nothing of them is kept. */
export function createTombstones(hash: KeyedHash) {
	/** Whether there is any deletion; null: not known yet. */
	let active: boolean | null = null;

	function* isActive(): Work<boolean> {
		active ??= (yield* pluck<number>("SELECT 1 FROM deletions LIMIT 1")) !== undefined;
		return active;
	}

	return {
		/** Whether any event may be a deleted person's. */
		isActive,
		/** Whether an event is a deleted person's (`erased`) or is not wanted any more (`suppressed`). */
		*judge(event: AcceptedEvent, lead: Identifier | undefined): Work<"erased" | "suppressed" | null> {
			if (!lead || !(yield* isActive())) return null;
			const hashed = hash.identifier(identifierKey(lead));
			const graves = yield* all<TombstoneColumns>("SELECT * FROM tombstones WHERE hash = ?", hashed);
			if (graves.some((row) => isCovered(row, event))) return "erased";
			const since = yield* pluck<number>("SELECT at FROM suppressed WHERE hash = ?", hashed);
			return since !== undefined && event.timestamp >= since ? "suppressed" : null;
		},
		*knowsMessage(source: string, messageId: string): Work<boolean> {
			if (!(yield* isActive())) return false;
			const hashed = hash.message(source, messageId);
			return (yield* pluck<number>("SELECT 1 FROM gone_messages WHERE hash = ?", hashed)) !== undefined;
		},
		*rememberMessage(source: string, messageId: string): Work<void> {
			yield* run("INSERT INTO gone_messages (hash) VALUES (?) ON CONFLICT DO NOTHING", hash.message(source, messageId));
		},
		*bury({ identifier, from, to }: Tombstone, at: number): Work<void> {
			yield* run(
				put,
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
		*suppress(identifier: Buffer, at: number): Work<void> {
			yield* run(suppress, identifier, at);
		},
		/** Looks again whether there is any deletion, after one was made or rolled back. */
		refresh(): void {
			active = null;
		},
	};
}

export type Tombstones = ReturnType<typeof createTombstones>;
