import { v7 } from "uuid";
import type { Attribution, PurgeQuery } from "../port.ts";
import type { Counters } from "./counters.ts";
import type { EventRemoval } from "./eventRemoval.ts";
import { eventTypes } from "./ingest.ts";
import type { SqliteDatabase } from "./openDatabase.ts";
import type { Tombstones } from "./tombstones.ts";

export interface PurgeDeps {
	database: SqliteDatabase;
	removal: EventRemoval;
	tombstones: Tombstones;
	counters: Counters;
}

/** Takes out what came in with one write key, as if it had never been sent. */
export function createPurge({ database, removal, tombstones, counters }: PurgeDeps) {
	const keyId = database.prepare("SELECT id FROM write_keys WHERE key = ?").pluck();
	const groupWritesOf = database.prepare(
		`SELECT m.group_id, e.ts, e.message_id, e.source FROM temp.erased x JOIN events e ON e.seq = x.seq
		JOIN memberships m ON m.lead = e.lead AND m.ts = e.ts AND m.seq = e.seq
		WHERE e.type = ${eventTypes.indexOf("group")}`,
	);
	const removeGroupWrites = database.prepare(
		"DELETE FROM group_writes WHERE group_id = ? AND ts = ? AND message_id = ? AND source = ?",
	);
	// A rebuild must not go on from a copy that still holds what was purged: it knows that by this row.
	const putReceipt = database.prepare(
		`INSERT INTO deletions (receipt, at, suppress, erased_events, identifiers, actor, reason)
		VALUES (?, ?, 0, ?, 0, ?, ?)`,
	);
	const removeAnswers = database.prepare("DELETE FROM idempotent_requests");
	const putChange = database.prepare("INSERT INTO changes (at, kind) VALUES (?, 'purge')");

	const choose = (key: number, { since, until = Number.MAX_SAFE_INTEGER }: PurgeQuery): number => {
		removal.begin();
		removal.choose("e.write_key = ? AND e.received_at >= ? AND e.received_at < ?", [key, since, until]);
		return removal.count();
	};

	/** Group traits outlive deleted people, but spam is nobody's word. */
	const eraseGroupWrites = () => {
		const written = groupWritesOf.all() as { group_id: string; ts: number; message_id: string; source: string }[];
		for (const { group_id, ts, message_id, source } of written) removeGroupWrites.run(group_id, ts, message_id, source);
	};

	return {
		/** Inside a transaction that the caller has begun. @returns how many events it is about. */
		purge(query: PurgeQuery, { dryRun }: { dryRun: boolean }, { at, actor, reason }: Attribution): number {
			const key = keyId.get(query.key) as number | undefined;
			const events = key === undefined ? 0 : choose(key, query);
			if (dryRun || events === 0) return events;
			putReceipt.run(`purge_${v7()}`, at, events, actor, reason);
			tombstones.refresh();
			eraseGroupWrites();
			// Answers kept for repetitions show profiles as they were.
			removeAnswers.run();
			counters.add("unattributed", -removal.count("lead IS NULL"));
			counters.add("events", -events);
			counters.add("erased", events);
			removal.decideAnew(removal.remove(removal.leads(), removal.linked()), at);
			counters.flush();
			putChange.run(at);
			return events;
		},
	};
}
