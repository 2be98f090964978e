import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type { IdentityConfig } from "@selfsame/identity";
import type { AcceptedEvent, Claims, Identifier, JsonObject } from "@selfsame/protocol";
import type { Correction } from "../port.ts";
import { createCorrections } from "./corrections.ts";
import { createCounters } from "./counters.ts";
import { linkKind } from "./facts.ts";
import { createKeyedHash } from "./hashes.ts";
import { createIdentifiers, type ErasedName, type Identifiers } from "./identifiers.ts";
import { requireSameRules } from "./identityRules.ts";
import { createIngest, eventTypes, type RestoredEvent } from "./ingest.ts";
import { openWriter, type SqliteDatabase } from "./openDatabase.ts";
import { createTombstones } from "./tombstones.ts";

/** Called with how many of how many events are done. */
export type Progress = (done: number, total: number) => void;

/** How many events one transaction copies. */
const step = 1_000;

interface NameColumns {
	type: string;
	value: string | null;
	key: Buffer;
	died_at: number | null;
}

interface StoredColumns {
	seq: number;
	source: string;
	message_id: string;
	type: number;
	trusted: number;
	ts: number;
	received_at: number;
	lead: number | null;
	anonymous: number | null;
	name: string | null;
	claims: string | null;
	key: string | null;
	body: string | null;
	traits: string | null;
	previous_user: number | null;
	previous_anonymous: number | null;
}

/** Reads names of one file as another file of the workspace can understand them. */
function createNames(database: SqliteDatabase) {
	const nameOf = database.prepare("SELECT type, value, key, died_at FROM identifiers WHERE id = ?");
	return (id: number): Identifier | ErasedName => {
		const { type, value, key, died_at } = nameOf.get(id) as NameColumns;
		return value === null ? { type, key, diedAt: died_at as number } : { type, value };
	};
}

/** Reads stored events as they were accepted, in commit order. */
function createStoredEvents(database: SqliteDatabase) {
	const page = database.prepare(
		`SELECT e.*, k.key, p.body, p.traits, a.previous_user, a.previous_anonymous
		FROM events e LEFT JOIN event_payloads p ON p.seq = e.seq
		LEFT JOIN write_keys k ON k.id = e.write_key LEFT JOIN aliases a ON a.seq = e.seq
		WHERE e.seq > ? ORDER BY e.seq LIMIT ${step}`,
	);
	const nameOf = createNames(database);
	const dead = database.prepare(
		`SELECT e.seq, i.type, i.key, i.died_at AS diedAt, 1 AS led
		FROM identifiers i JOIN events e ON e.lead = i.id WHERE i.died_at IS NOT NULL
		UNION ALL SELECT l.seq, i.type, i.key, i.died_at AS diedAt, 0 AS led
		FROM identifiers i JOIN event_identifiers l ON l.identifier = i.id
		WHERE i.died_at IS NOT NULL AND l.kind <> ${linkKind.previous}`,
	);
	const deadOf = Map.groupBy(dead.all() as (ErasedName & { seq: number; led: number })[], ({ seq }) => seq);

	const claimsOf = (row: StoredColumns): Claims => {
		const claims = row.claims === null ? {} : (JSON.parse(row.claims) as Claims);
		for (const id of [row.lead, row.anonymous]) {
			const name = id === null ? null : nameOf(id);
			if (!name || !("value" in name)) continue;
			if (name.type === "user_id") claims.userId ??= name.value;
			if (name.type === "anonymous_id") claims.anonymousId ??= name.value;
		}
		return claims;
	};

	const toEvent = (row: StoredColumns): AcceptedEvent => ({
		source: row.source,
		trust: row.trusted === 1 ? "server" : "client",
		...(row.key === null ? {} : { writeKey: row.key }),
		messageId: row.message_id,
		type: eventTypes[row.type] ?? "track",
		timestamp: row.ts,
		receivedAt: row.received_at,
		claims: claimsOf(row),
		...(row.name === null ? {} : { name: row.name }),
		...(row.traits === null ? {} : { traits: JSON.parse(row.traits) as JsonObject }),
		payload: row.body ?? "{}",
	});

	const toRestored = (row: StoredColumns): RestoredEvent => {
		const event = toEvent(row);
		const erased = (deadOf.get(row.seq) ?? []).map((one) => ({ ...one, led: one.led === 1 }));
		const { userId, previousId } = event.claims;
		const told = row.previous_user === null || (userId !== undefined && previousId !== undefined);
		const previous = told
			? null
			: { user: nameOf(row.previous_user as number), anonymous: nameOf(row.previous_anonymous as number) };
		return { seq: row.seq, event, erased, previous };
	};

	return {
		count: (): number => database.prepare("SELECT count(*) FROM events").pluck().get() as number,
		/** The next events after a number, as many as one step takes. */
		after: (seq: number): RestoredEvent[] => (page.all(seq) as StoredColumns[]).map(toRestored),
	};
}

/** Tables that are evidence or settings of their own and are copied as they are. */
const copied = [
	"group_writes",
	"tombstones",
	"suppressed",
	"gone_messages",
	"deletions",
	"dead_letters",
	"counters",
	"sources",
	"write_keys",
	"secret_keys",
];

/**
 * Builds a workspace's file anew from what the events and corrections of another one say, under any identity rules.
 * Goes on where an earlier, interrupted run stopped. Both files may be in use while it runs; `from` is only read.
 */
export function restoreInto(target: string, from: SqliteDatabase, config: IdentityConfig, progress: Progress): void {
	mkdirSync(dirname(target), { recursive: true });
	const database = openWriter(target);
	try {
		const secret = from.prepare("SELECT value FROM meta WHERE name = 'hash_secret'").pluck().get();
		database.prepare("INSERT OR REPLACE INTO meta (name, value) VALUES ('hash_secret', ?)").run(secret);
		requireSameRules(database, config);
		const deletions = from.prepare("SELECT count(*) FROM deletions").pluck().get();
		database.prepare("INSERT OR IGNORE INTO meta (name, value) VALUES ('restored_deletions', ?)").run(`${deletions}`);
		const hash = createKeyedHash(database);
		const identifiers = createIdentifiers(database, config, hash);
		const tombstones = createTombstones(database, hash);
		const ingest = createIngest({ database, config, identifiers, tombstones, counters: createCounters(database) });
		const events = createStoredEvents(from);
		const total = events.count();
		let done = database.prepare("SELECT count(*) FROM events").pluck().get() as number;
		let last = database.prepare("SELECT coalesce(max(seq), 0) FROM events").pluck().get() as number;
		progress(done, total);
		for (let page = events.after(last); page.length > 0; page = events.after(last)) {
			database
				.transaction(() => {
					// Events name their write keys, which may be newer than the run.
					copyTables(database, from, ["write_keys"]);
					ingest.restore(page);
				})
				.immediate();
			ingest.settle();
			done += page.length;
			last = page.at(-1)?.seq ?? last;
			progress(done, total);
		}
		database
			.transaction(() => {
				restoreCorrections(database, from, identifiers, createCorrections(database, identifiers, ingest));
				copyTables(database, from, copied);
				copyLastLetter(database, from);
			})
			.immediate();
	} finally {
		database.close();
	}
}

function restoreCorrections(
	database: SqliteDatabase,
	from: SqliteDatabase,
	identifiers: Identifiers,
	corrections: ReturnType<typeof createCorrections>,
): void {
	const done = database.prepare("SELECT count(*) FROM corrections").pluck().get() as number;
	const rows = from
		.prepare("SELECT kind, at, a, b, actor, reason FROM corrections ORDER BY id LIMIT -1 OFFSET ?")
		.all(done) as { kind: Correction["kind"]; at: number; a: number; b: number; actor: string; reason: string }[];
	const nameOf = createNames(from);
	const rowOf = (id: number, at: number) => {
		const name = nameOf(id);
		return "value" in name ? identifiers.resolve(name, at) : identifiers.resolveErased(name);
	};
	for (const { kind, at, a, b, actor, reason } of rows) {
		corrections.applyRows({ kind, a: rowOf(a, at), b: rowOf(b, at) }, { at, actor, reason });
	}
}

/** The numbers of dead letters go on where they were, whatever became of the letters. */
function copyLastLetter(database: SqliteDatabase, from: SqliteDatabase): void {
	const last = from.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'dead_letters'").pluck().get();
	if (last === undefined) return;
	database.exec("DELETE FROM sqlite_sequence WHERE name = 'dead_letters'");
	database.prepare("INSERT INTO sqlite_sequence (name, seq) VALUES ('dead_letters', ?)").run(last);
}

function copyTables(database: SqliteDatabase, from: SqliteDatabase, tables: readonly string[]): void {
	for (const table of tables) {
		const rows = from.prepare(`SELECT * FROM ${table}`).raw();
		const width = rows.columns().length;
		const put = database.prepare(`INSERT INTO ${table} VALUES (${Array(width).fill("?").join(", ")})`);
		database.exec(`DELETE FROM ${table}`);
		for (const row of rows.iterate()) put.run(...(row as unknown[]));
	}
}
