import { comparePositions } from "@selfsame/identity";
import type { JsonObject } from "@selfsame/protocol";
import { v7 } from "uuid";
import type { Attribution, DeletionReceipt } from "../port.ts";
import type { Counters } from "./counters.ts";
import type { EventRemoval } from "./eventRemoval.ts";
import type { KeyedHash } from "./hashes.ts";
import type { SqliteDatabase } from "./openDatabase.ts";
import { insideSpan, type NamedRow, type OwnedSpan, type Ownership } from "./ownership.ts";
import type { Tombstones } from "./tombstones.ts";
import { withoutExternalId, withoutName } from "./withoutName.ts";

export interface DeletionDeps {
	database: SqliteDatabase;
	hash: KeyedHash;
	ownership: Ownership;
	removal: EventRemoval;
	tombstones: Tombstones;
	counters: Counters;
}

/** Erases a person: events, traits and names go; keyed hashes stay, so that what comes late is recognised and dropped. */
export function createDeletion(deps: DeletionDeps) {
	const { database, hash, ownership, removal, tombstones, counters } = deps;
	const run = (sql: string, ...values: unknown[]) => database.prepare(sql).run(...values);
	const pluck = (sql: string, ...values: unknown[]) =>
		database
			.prepare(sql)
			.pluck()
			.all(...values) as number[];
	const keyOf = database.prepare("SELECT key, died_at FROM identifiers WHERE id = ?");

	const bornAt = database.prepare("SELECT max(died_at) FROM identifiers WHERE key = ? AND died_at < ?").pluck();

	const hashOf = (id: number): Buffer => {
		const row = keyOf.get(id) as { key: Buffer; died_at: number | null };
		return row.died_at === null ? hash.identifier(row.key) : row.key;
	};

	/** A name lives from its last deletion to its next one: only events of that time are told by this life's tombstone. */
	const bury = ({ identifier, from, to }: OwnedSpan, at: number) => {
		const hashed = hashOf(identifier);
		const { died_at: died } = keyOf.get(identifier) as { died_at: number | null };
		const born = bornAt.get(hashed, died ?? Number.MAX_SAFE_INTEGER) as number | null;
		const beginning = born === null ? null : { timestamp: born, messageId: "", source: "" };
		const begins = beginning && (!from || comparePositions(from, beginning) < 0) ? beginning : from;
		tombstones.bury({ identifier: hashed, from: begins, to }, Math.min(at, died ?? at));
	};

	const collect = (owned: readonly OwnedSpan[]): number => {
		removal.begin();
		for (const span of owned) {
			const { where, values } = insideSpan(span);
			removal.choose(where, values);
		}
		return removal.count();
	};

	/** Takes a deleted name off the events of others that carry it: they keep the event, not the name. */
	const scrub = (row: NamedRow) => {
		const carried = pluck(
			`SELECT seq FROM events WHERE lead = :id
			UNION SELECT seq FROM event_identifiers WHERE identifier = :id
			UNION SELECT seq FROM aliases WHERE previous_user = :id OR previous_anonymous = :id`,
			{ id: row.id },
		);
		for (const seq of carried) {
			const stored = database
				.prepare("SELECT e.claims, p.body FROM events e LEFT JOIN event_payloads p ON p.seq = e.seq WHERE e.seq = ?")
				.get(seq) as { claims: string | null; body: string | null } | undefined;
			const claims = stored?.claims == null ? null : JSON.stringify(withoutName(JSON.parse(stored.claims), row));
			run("UPDATE events SET claims = ? WHERE seq = ?", claims, seq);
			if (stored?.body != null) {
				const body = JSON.stringify(withoutExternalId(JSON.parse(stored.body) as JsonObject, row));
				run("UPDATE event_payloads SET body = ? WHERE seq = ?", body, seq);
			}
		}
	};

	const eraseLetters = (rows: readonly NamedRow[]) => {
		for (const { value } of rows) {
			const text = JSON.stringify(value);
			run("DELETE FROM dead_letters WHERE instr(body, ?) > 0", text);
			// A number stands in JSON without quotes.
			if (/^-?\d+(\.\d+)?$/.test(value as string)) {
				for (const end of [",", "}", " ", "\n"]) {
					run("DELETE FROM dead_letters WHERE instr(replace(body, ': ', ':'), ?) > 0", `:${value}${end}`);
				}
			}
		}
	};

	/** An answer kept for repetitions may show the person's profile, which always shows their identifiers. */
	const eraseAnswers = (rows: readonly NamedRow[]) => {
		for (const { value } of rows) {
			run("DELETE FROM idempotent_requests WHERE instr(body, ?) > 0", JSON.stringify(value));
		}
	};

	const eraseNames = (rows: readonly NamedRow[], at: number) => {
		for (const { id } of rows) {
			run("UPDATE identifiers SET key = ?, value = NULL, died_at = ? WHERE id = ?", hashOf(id), at, id);
		}
	};

	return {
		/** Inside a transaction that the caller has begun. Null when nobody is found. */
		erase(
			id: number,
			{ suppress, dryRun }: { suppress: boolean; dryRun: boolean },
			{ at, actor, reason }: Attribution,
		): DeletionReceipt | null {
			const owned = ownership.ownedBy(ownership.ownerOf(id));
			const held = [...new Set(owned.filter(({ to }) => !to).map(({ identifier }) => identifier))]
				.map((identifier) => ownership.row(identifier))
				.filter((row) => row.value !== null);
			const erasedEvents = collect(owned);
			if (erasedEvents === 0 || held.length === 0) return null;
			const receipt = { receiptId: `del_${v7()}`, erasedEvents, identifiers: held.length };
			const answer = { ...receipt, deletedAt: new Date(at).toISOString() };
			if (dryRun) return answer;

			run(
				"INSERT INTO deletions (receipt, at, suppress, erased_events, identifiers, actor, reason) VALUES (?, ?, ?, ?, ?, ?, ?)",
				receipt.receiptId,
				at,
				suppress ? 1 : 0,
				erasedEvents,
				held.length,
				actor,
				reason,
			);
			tombstones.refresh();
			for (const span of owned) bury(span, at);
			if (suppress) for (const row of held) tombstones.suppress(hashOf(row.id), at);

			const touched = removal.remove(new Set(owned.map(({ identifier }) => identifier)));
			for (const row of held) scrub(row);
			eraseLetters(held);
			eraseAnswers(held);
			eraseNames(held, at);
			for (const row of held) {
				if (row.type === "user_id")
					run("DELETE FROM aliases WHERE seq < 0 AND (user = :id OR previous_user = :id)", { id: row.id });
			}
			removal.decideAnew(touched, at);
			counters.add("events", -erasedEvents);
			counters.add("erased", erasedEvents);
			counters.flush();
			run("INSERT INTO changes (at, kind) VALUES (?, 'deletion')", at);
			return answer;
		},
	};
}
