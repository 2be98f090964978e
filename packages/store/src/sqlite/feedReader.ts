import type { IdentityConfig } from "@selfsame/identity";
import { type FeedItem, type FeedPlace, InvalidCursorError, type StoredDeadLetter } from "../port.ts";
import { createDecisionReader } from "./decisionReader.ts";
import type { EventRow } from "./eventReader.ts";
import { createEventReader, selectEvents } from "./eventReader.ts";
import { openReader } from "./openDatabase.ts";
import { createOwnership } from "./ownership.ts";
import { createProfileReader } from "./profileReader.ts";

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
export function createFeedReader(file: string, config: IdentityConfig) {
	const database = openReader(file);
	const ownership = createOwnership(database);
	const profiles = createProfileReader(database, config, ownership);
	const events = createEventReader(database, ownership, profiles);
	const decisions = createDecisionReader(database, config, ownership);
	const lastSeq = database
		.prepare(
			`SELECT max(coalesce((SELECT max(seq) FROM events), 0),
				coalesce((SELECT value FROM counters WHERE name = 'last_seq'), 0))`,
		)
		.pluck();
	const lastLetter = database
		.prepare("SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'dead_letters'), 0)")
		.pluck();
	const nextEvents = database.prepare(`${selectEvents} WHERE e.seq > ? ORDER BY e.seq LIMIT ?`);
	const nextLetters = database.prepare(
		`SELECT id, source, received_at AS receivedAt, message_id AS messageId, code, detail, body
		FROM dead_letters WHERE id > ? ORDER BY id LIMIT ?`,
	);

	const feedEnd = (): FeedPlace => ({ seq: lastSeq.get() as number, letter: lastLetter.get() as number });

	/** Events and letters by when they were received, each kind in its own order; only as far as both are known. */
	const readRows = (after: FeedPlace, limit: number): Row[] => {
		const eventRows = (nextEvents.all(after.seq, limit) as EventRow[]).map(
			(row): Row => ({
				kind: "event",
				at: row.received_at,
				size: (row.body ?? "").length + (row.traits ?? "").length,
				row,
			}),
		);
		const letterRows = (nextLetters.all(after.letter, limit) as StoredDeadLetter[]).map(
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
	};

	const readFeed = (after: FeedPlace, limit: number): FeedItem[] => {
		const end = feedEnd();
		if (after.seq > end.seq || after.letter > end.letter) {
			throw new InvalidCursorError("This store has not come to that place. Was it restored from a backup?");
		}
		const place = { ...after };
		const ids = new Map<number, string | null>();
		const idOf = (owner: number): string | null => {
			if (!ids.has(owner)) ids.set(owner, profiles.idOf({ owned: ownership.ownedBy(owner) }));
			return ids.get(owner) as string | null;
		};
		return readRows(after, limit).map((next): FeedItem => {
			if (next.kind === "letter") {
				place.letter = next.row.id;
				return { verdict: "rejected", place: { ...place }, letter: next.row };
			}
			const { row } = next;
			place.seq = row.seq;
			const position = { timestamp: row.ts, messageId: row.message_id, source: row.source };
			return {
				verdict: "accepted",
				place: { ...place },
				profileId: row.lead === null ? null : idOf(ownership.ownerAt(row.lead, position)),
				event: events.view(row),
				identity: decisions.read(row),
			};
		});
	};

	return {
		feedEnd: (): FeedPlace => database.transaction(feedEnd)(),
		readFeed: (after: FeedPlace, limit: number): FeedItem[] => database.transaction(readFeed)(after, limit),
		close(): void {
			database.close();
		},
	};
}
