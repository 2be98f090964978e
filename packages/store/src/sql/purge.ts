import { v7 } from "uuid";
import type { Attribution, PurgeQuery } from "../port.ts";
import type { Counters } from "./counters.ts";
import type { EventRemoval } from "./eventRemoval.ts";
import { eventTypes } from "./eventTypes.ts";
import type { Tombstones } from "./tombstones.ts";
import { all, pluck, run, type Work } from "./work.ts";

export interface PurgeDeps {
	removal: EventRemoval;
	tombstones: Tombstones;
	counters: Counters;
}

interface GroupWrite {
	group_id: string;
	ts: number;
	message_id: string;
	source: string;
}

const groupWrites = `SELECT m.group_id, e.ts, e.message_id, e.source FROM erased x JOIN events e ON e.seq = x.seq
	JOIN memberships m ON m.lead = e.lead AND m.ts = e.ts AND m.seq = e.seq
	WHERE e.type = ${eventTypes.indexOf("group")}`;
const removeGroupWrites = "DELETE FROM group_writes WHERE group_id = ? AND ts = ? AND message_id = ? AND source = ?";
// A rebuild must not go on from a copy that still holds what was purged: it knows that by this row.
const putReceipt = `INSERT INTO deletions (receipt, at, suppress, erased_events, identifiers, actor, reason)
	VALUES (?, ?, 0, ?, 0, ?, ?)`;

/** Takes out what came in with one write key, as if it had never been sent. */
export function createPurge({ removal, tombstones, counters }: PurgeDeps) {
	function* choose({ key, since, until = Number.MAX_SAFE_INTEGER }: PurgeQuery): Work<number> {
		const id = yield* pluck<number>("SELECT id FROM write_keys WHERE key = ?", key);
		if (id === undefined) return 0;
		yield* removal.begin();
		yield* removal.choose("e.write_key = ? AND e.received_at >= ? AND e.received_at < ?", [id, since, until]);
		return yield* removal.count();
	}

	/** Group traits outlive deleted people, but spam is nobody's word. */
	function* eraseGroupWrites(): Work<void> {
		for (const { group_id, ts, message_id, source } of yield* all<GroupWrite>(groupWrites)) {
			yield* run(removeGroupWrites, group_id, ts, message_id, source);
		}
	}

	/** Inside a transaction that the caller has begun. @returns how many events it is about. */
	return function* purge(
		query: PurgeQuery,
		{ dryRun }: { dryRun: boolean },
		{ at, actor, reason }: Attribution,
	): Work<number> {
		const events = yield* choose(query);
		if (dryRun || events === 0) return events;
		yield* run(putReceipt, `purge_${v7()}`, at, events, actor, reason);
		tombstones.refresh();
		yield* eraseGroupWrites();
		// Answers kept for repetitions show profiles as they were.
		yield* run("DELETE FROM idempotent_requests");
		counters.add("unattributed", -(yield* removal.count("lead IS NULL")));
		counters.add("events", -events);
		counters.add("erased", events);
		const touched = yield* removal.remove(yield* removal.leads(), yield* removal.linked());
		yield* removal.decideAnew(touched, at);
		yield* counters.flush();
		yield* run("INSERT INTO changes (at, kind) VALUES (?, 'purge')", at);
		return events;
	};
}
