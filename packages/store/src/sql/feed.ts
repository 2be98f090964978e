import type { IdentityConfig } from "@selfsame/identity";
import { type FeedItem, type FeedPlace, InvalidCursorError, type StoredDeadLetter } from "../port.ts";
import { selectLetters } from "./deadLetters.ts";
import { createDecisionReader } from "./decisionReader.ts";
import type { Dialect } from "./dialect.ts";
import { createEventReader, type EventRow, positionOf, selectEvents } from "./eventReader.ts";
import { createOwnership } from "./ownership.ts";
import { createProfileReader } from "./profileReader.ts";
import { all, get, type Work } from "./work.ts";

/** Bytes of payload after which a page ends: what one slow reader may make the collector hold. */
const PAGE_BYTES = 512 * 1024;

type Row =
	| { kind: "event"; at: number; size: number; row: EventRow }
	| { kind: "letter"; at: number; size: number; row: StoredDeadLetter };

/**
 * Reads what was committed after a place. There is no queue of what to tell to whom: the events and dead letters
 * themselves are read on, by their numbers, which only ever grow. So nothing is missed and nothing told twice, whoever
 * reads and whatever is started anew meanwhile, and ingest has nothing to do for it.
 */
export function createFeed(dialect: Dialect, config: IdentityConfig) {
	const ownership = createOwnership();
	const profiles = createProfileReader(config, ownership);
	const events = createEventReader(dialect, ownership);
	const decisions = createDecisionReader(config, ownership);
	const nextEvents = `${selectEvents(dialect)} WHERE e.seq > ? AND e.seq <= ? ORDER BY e.seq LIMIT ?`;
	const nextLetters = `${selectLetters} WHERE id > ? AND id <= ? ORDER BY id LIMIT ?`;

	function* feedEnd(): Work<FeedPlace> {
		return (yield* get<FeedPlace>(dialect.feedEnd)) as FeedPlace;
	}

	/** Events and letters by when they were received, each kind in its own order; only as far as both are known. */
	function* readRows(after: FeedPlace, end: FeedPlace, limit: number): Work<Row[]> {
		const eventRows = (yield* all<EventRow>(nextEvents, after.seq, end.seq, limit)).map(
			(row): Row => ({
				kind: "event",
				at: row.received_at,
				size: (row.body ?? "").length + (row.traits ?? "").length,
				row,
			}),
		);
		const letterRows = (yield* all<StoredDeadLetter>(nextLetters, after.letter, end.letter, limit)).map(
			(row): Row => ({ kind: "letter", at: row.receivedAt, size: row.body.length, row }),
		);
		const merged: Row[] = [];
		let [e, l, size] = [0, 0, 0];
		while (merged.length < limit && (size < PAGE_BYTES || merged.length === 0)) {
			const [event, letter] = [eventRows[e], letterRows[l]];
			const next = event && (!letter || event.at <= letter.at) ? event : letter;
			if (!next) break;
			if (next === event) e += 1;
			else l += 1;
			merged.push(next);
			size += next.size;
		}
		return merged;
	}

	function* readFeed(after: FeedPlace, limit: number): Work<FeedItem[]> {
		const end = yield* feedEnd();
		if (after.seq > end.seq || after.letter > end.letter) {
			throw new InvalidCursorError("This store has not come to that place. Was it restored from a backup?");
		}
		const place = { ...after };
		const ids = new Map<number, string | null>();
		function* idOf(owner: number): Work<string | null> {
			if (!ids.has(owner)) ids.set(owner, yield* profiles.idOf({ owned: yield* ownership.ownedBy(owner) }));
			return ids.get(owner) as string | null;
		}
		const items: FeedItem[] = [];
		for (const next of yield* readRows(after, end, limit)) {
			if (next.kind === "letter") {
				place.letter = next.row.id;
				items.push({ verdict: "rejected", place: { ...place }, letter: next.row });
				continue;
			}
			const { row } = next;
			place.seq = row.seq;
			items.push({
				verdict: "accepted",
				place: { ...place },
				profileId: row.lead === null ? null : yield* idOf(yield* ownership.ownerAt(row.lead, positionOf(row))),
				event: yield* events.view(row),
				identity: yield* decisions.read(row),
			});
		}
		return items;
	}

	return { feedEnd, readFeed };
}
