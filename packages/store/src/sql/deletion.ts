import { comparePositions } from "@selfsame/identity";
import type { JsonObject } from "@selfsame/protocol";
import { v7 } from "uuid";
import type { Attribution, DeletionReceipt } from "../port.ts";
import type { Counters } from "./counters.ts";
import type { Dialect } from "./dialect.ts";
import type { EventRemoval } from "./eventRemoval.ts";
import { beginning } from "./evidence.ts";
import { identifierKey } from "./hashes.ts";
import { flag } from "./identifierRows.ts";
import type { KeyedHash } from "./keyedHash.ts";
import { insideSpan, type NamedRow, type OwnedSpan, type Ownership } from "./ownership.ts";
import { seenEver } from "./sightings.ts";
import type { Tombstones } from "./tombstones.ts";
import { withoutExternalId, withoutName } from "./withoutName.ts";
import { column, get, pluck, run, type Work } from "./work.ts";

export interface DeletionDeps {
	dialect: Dialect;
	hash: KeyedHash;
	ownership: Ownership;
	removal: EventRemoval;
	tombstones: Tombstones;
	counters: Counters;
}

const bornAt = "SELECT max(died_at) FROM identifiers WHERE key = ? AND died_at < ?";
const carriedBy = `SELECT seq FROM events WHERE lead = :id
	UNION SELECT seq FROM event_identifiers WHERE identifier = :id
	UNION SELECT seq FROM aliases WHERE previous_user = :id OR previous_anonymous = :id`;
const storedText = "SELECT e.claims, p.body FROM events e LEFT JOIN event_payloads p ON p.seq = e.seq WHERE e.seq = ?";
const putReceipt = `INSERT INTO deletions (receipt, at, suppress, erased_events, identifiers, actor, reason)
	VALUES (?, ?, ?, ?, ?, ?, ?)`;
const eraseName = "UPDATE identifiers SET key = ?, value = NULL, died_at = ? WHERE id = ?";
const living = "SELECT id FROM identifiers WHERE key = ? AND died_at IS NULL";
const eraseMerges = 'DELETE FROM aliases WHERE seq < 0 AND ("user" = :id OR previous_user = :id)';

/** Erases a person: events, traits and names go; keyed hashes stay, so that what comes late is recognised and dropped. */
export function createDeletion({ dialect, hash, ownership, removal, tombstones, counters }: DeletionDeps) {
	const eraseLettersWith = `DELETE FROM dead_letters WHERE ${dialect.contains("body")}`;
	const eraseLettersWithNumber = `DELETE FROM dead_letters WHERE ${dialect.contains("replace(body, ': ', ':')")}`;
	const eraseAnswersWith = `DELETE FROM idempotent_requests WHERE ${dialect.contains("body")}`;

	function* lifeOf(id: number): Work<{ hashed: Buffer; died: number | null }> {
		const found = yield* get<{ key: Buffer; died_at: number | null }>(
			"SELECT key, died_at FROM identifiers WHERE id = ?",
			id,
		);
		const { key, died_at: died } = found as { key: Buffer; died_at: number | null };
		return { hashed: died === null ? hash.identifier(key) : key, died };
	}

	/** A name lives from its last deletion to its next one: only events of that time are told by this life's tombstone. */
	function* bury({ identifier, from, to }: OwnedSpan, at: number): Work<void> {
		const { hashed, died } = yield* lifeOf(identifier);
		const born = (yield* pluck<number | null>(bornAt, hashed, died ?? Number.MAX_SAFE_INTEGER)) ?? null;
		const beginning = born === null ? null : { timestamp: born, messageId: "", source: "" };
		const begins = beginning && (!from || comparePositions(from, beginning) < 0) ? beginning : from;
		yield* tombstones.bury({ identifier: hashed, from: begins, to }, Math.min(at, died ?? at));
	}

	function* collect(owned: readonly OwnedSpan[]): Work<number> {
		yield* removal.begin();
		for (const span of owned) {
			const { where, values } = insideSpan(span);
			yield* removal.choose(where, values);
		}
		return yield* removal.count();
	}

	/** Those that the person holds to this day, under their names. A user whom only a correction names was never seen. */
	function* heldOf(owned: readonly OwnedSpan[]): Work<NamedRow[]> {
		const held: NamedRow[] = [];
		for (const id of new Set(owned.filter(({ to }) => !to).map(({ identifier }) => identifier))) {
			const row = yield* ownership.row(id);
			if (row.value !== null && (yield* seenEver(row)).first !== null) held.push(row);
		}
		return held;
	}

	/**
	 * A `previousId` has a row under both of its readings, and the value stands in each: those of the other reading that
	 * nobody has.
	 */
	function* otherReadings(held: readonly NamedRow[]): Work<number[]> {
		const others: number[] = [];
		for (const { type, value } of held) {
			if (value === null || (type !== "user_id" && type !== "anonymous_id")) continue;
			const other = { type: type === "user_id" ? "anonymous_id" : "user_id", value };
			const id = yield* pluck<number>(living, identifierKey(other));
			if (id === undefined) continue;
			const row = yield* ownership.row(id);
			if ((row.flags & flag.seen) === 0 && (yield* seenEver(row)).first === null) others.push(id);
		}
		return others;
	}

	/** Erases a name that nobody has. Events of whatever time use a fresh row from now on. */
	function* eraseNobodys(id: number): Work<void> {
		const { hashed } = yield* lifeOf(id);
		const before = (yield* pluck<number>("SELECT count(*) FROM identifiers WHERE key = ?", hashed)) as number;
		yield* run(eraseName, hashed, beginning + before, id);
	}

	/** Takes a deleted name off the events of others that carry it: they keep the event, not the name. */
	function* scrub(row: NamedRow): Work<void> {
		for (const seq of yield* column<number>(carriedBy, { id: row.id })) {
			const stored = yield* get<{ claims: string | null; body: string | null }>(storedText, seq);
			const claims = stored?.claims == null ? null : JSON.stringify(withoutName(JSON.parse(stored.claims), row));
			yield* run("UPDATE events SET claims = ? WHERE seq = ?", claims, seq);
			if (stored?.body != null) {
				const body = JSON.stringify(withoutExternalId(JSON.parse(stored.body) as JsonObject, row));
				yield* run("UPDATE event_payloads SET body = ? WHERE seq = ?", body, seq);
			}
		}
	}

	function* eraseLetters({ value }: NamedRow): Work<void> {
		yield* run(eraseLettersWith, JSON.stringify(value));
		// A number stands in JSON without quotes.
		if (!/^-?\d+(\.\d+)?$/.test(value as string)) return;
		for (const end of [",", "}", " ", "\n"]) yield* run(eraseLettersWithNumber, `:${value}${end}`);
	}

	/** What still says the names of those that are erased: others' events, letters, answers; then their rows. */
	function* eraseNames(held: readonly NamedRow[], at: number): Work<void> {
		for (const row of held) {
			yield* scrub(row);
			yield* eraseLetters(row);
			// An answer kept for repetitions may show the person's profile, which always shows their identifiers.
			yield* run(eraseAnswersWith, JSON.stringify(row.value));
		}
		for (const { id, type } of held) {
			yield* run(eraseName, (yield* lifeOf(id)).hashed, at, id);
			if (type === "user_id") yield* run(eraseMerges, { id });
		}
	}

	return {
		/** Inside a transaction that the caller has begun. Null when nobody is found. */
		*erase(
			id: number,
			{ suppress, dryRun }: { suppress: boolean; dryRun: boolean },
			{ at, actor, reason }: Attribution,
		): Work<DeletionReceipt | null> {
			const owned = yield* ownership.ownedBy(yield* ownership.ownerOf(id));
			const held = yield* heldOf(owned);
			const erasedEvents = yield* collect(owned);
			if (erasedEvents === 0 || held.length === 0) return null;
			const receiptId = `del_${v7()}`;
			const answer = { receiptId, erasedEvents, identifiers: held.length, deletedAt: new Date(at).toISOString() };
			if (dryRun) return answer;

			yield* run(putReceipt, receiptId, at, suppress ? 1 : 0, erasedEvents, held.length, actor, reason);
			tombstones.refresh();
			for (const span of owned) yield* bury(span, at);
			if (suppress) for (const row of held) yield* tombstones.suppress((yield* lifeOf(row.id)).hashed, at);

			const others = yield* otherReadings(held);
			const touched = yield* removal.remove(new Set(owned.map(({ identifier }) => identifier)));
			yield* eraseNames(held, at);
			for (const id of others) yield* eraseNobodys(id);
			yield* removal.decideAnew(touched, at);
			counters.add("events", -erasedEvents);
			counters.add("erased", erasedEvents);
			yield* counters.flush();
			yield* run("INSERT INTO changes (at, kind) VALUES (?, 'deletion')", at);
			return answer;
		},
	};
}
