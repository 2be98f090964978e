import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type { IdentityConfig } from "@selfsame/identity";
import type { AcceptedEvent, Claims, JsonObject } from "@selfsame/protocol";
import type { Correction } from "../port.ts";
import { createCorrections } from "./corrections.ts";
import { createCounters } from "./counters.ts";
import { createKeyedHash } from "./hashes.ts";
import { createIdentifiers, erasedToken, type Identifiers } from "./identifiers.ts";
import { requireSameRules } from "./identityRules.ts";
import { createIngest, eventTypes } from "./ingest.ts";
import { openWriter, type SqliteDatabase } from "./openDatabase.ts";
import { createTombstones } from "./tombstones.ts";

/** Called with how many of how many events are done. */
export type Progress = (done: number, total: number) => void;

/** How many events one transaction copies. */
const step = 1_000;

interface NameColumns {
	id: number;
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
}

/** Reads stored events as they were accepted, in commit order. */
function createStoredEvents(database: SqliteDatabase) {
	const page = database.prepare(
		`SELECT e.*, k.key, p.body, p.traits FROM events e LEFT JOIN event_payloads p ON p.seq = e.seq
		LEFT JOIN write_keys k ON k.id = e.write_key WHERE e.seq > ? ORDER BY e.seq LIMIT ${step}`,
	);
	const nameOf = database.prepare("SELECT id, type, value, key, died_at FROM identifiers WHERE id = ?");
	const erasedLinks = database.prepare(
		`SELECT l.seq, i.type, i.key, i.died_at FROM identifiers i JOIN event_identifiers l ON l.identifier = i.id
		WHERE i.died_at IS NOT NULL AND i.type NOT IN ('user_id', 'anonymous_id')
		UNION ALL SELECT e.seq, i.type, i.key, i.died_at FROM identifiers i JOIN events e ON e.lead = i.id
		WHERE i.died_at IS NOT NULL AND i.type NOT IN ('user_id', 'anonymous_id')`,
	);
	const erased = Map.groupBy(erasedLinks.all() as (NameColumns & { seq: number })[], ({ seq }) => seq);

	const named = (id: number | null, type: string): string | undefined => {
		if (id === null) return undefined;
		const row = nameOf.get(id) as NameColumns;
		if (row.type !== type) return undefined;
		return row.value ?? erasedToken(row.key, row.died_at as number);
	};

	const claimsOf = (row: StoredColumns): Claims => {
		const claims = row.claims === null ? {} : (JSON.parse(row.claims) as Claims);
		const userId = named(row.lead, "user_id");
		const anonymousId = named(row.lead, "anonymous_id") ?? named(row.anonymous, "anonymous_id");
		if (userId !== undefined) claims.userId ??= userId;
		if (anonymousId !== undefined) claims.anonymousId ??= anonymousId;
		for (const { type, key, died_at } of erased.get(row.seq) ?? []) {
			const id = erasedToken(key, died_at as number);
			// From a client source only a proven email can have made a link.
			const emails = row.trusted === 1 ? "emails" : "provenEmails";
			if (type === "email") claims[emails] = [...((claims[emails] as string[]) ?? []), id];
			else claims.externalIds = [...(claims.externalIds ?? []), { type, id }];
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

	return {
		count: (): number => database.prepare("SELECT count(*) FROM events").pluck().get() as number,
		/** The next events after a number, as many as one step takes. */
		after: (seq: number): { seq: number; event: AcceptedEvent }[] =>
			(page.all(seq) as StoredColumns[]).map((row) => ({ seq: row.seq, event: toEvent(row) })),
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
			identifiers.settle();
			done += page.length;
			last = page.at(-1)?.seq ?? last;
			progress(done, total);
		}
		database
			.transaction(() => {
				restoreCorrections(database, from, identifiers, createCorrections(database, identifiers, ingest));
				copyTables(database, from, copied);
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
	const nameOf = from.prepare("SELECT id, type, value, key, died_at FROM identifiers WHERE id = ?");
	const rowOf = (id: number, at: number) => {
		const { type, value, key, died_at } = nameOf.get(id) as NameColumns;
		return identifiers.resolve({ type, value: value ?? erasedToken(key, died_at as number) }, at);
	};
	for (const { kind, at, a, b, actor, reason } of rows) {
		corrections.applyRows({ kind, a: rowOf(a, at), b: rowOf(b, at) }, { at, actor, reason });
	}
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
