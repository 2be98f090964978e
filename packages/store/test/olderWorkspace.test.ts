import { readFileSync } from "node:fs";
import { defaultIdentityConfig } from "@selfsame/identity";
import type { AcceptedEvent, Claims, EventType, Identifier } from "@selfsame/protocol";
import { openStore, type Store, sqliteFile, verifyStore } from "@selfsame/store";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { makeDatabase, type TestDatabase } from "./makeDatabase.ts";

const identity = { ...defaultIdentityConfig, maxUsersPerAnonymousId: 3 };
const folder = new URL("../drizzle/sqlite/", import.meta.url);
const journal: { entries: { tag: string; when: number }[] } = JSON.parse(
	readFileSync(new URL("meta/_journal.json", folder), "utf8"),
);
/** The newest migration of the version before aliases, corrections and sightings were kept more exactly. */
const lastOfOlder = "0003_changes_of_events";

let now: TestDatabase;
let older: TestDatabase;
let count = 0;
beforeEach(async () => {
	now = await makeDatabase("sqlite");
	older = await makeDatabase("sqlite");
});
afterEach(async () => {
	await now.drop();
	await older.drop();
});

function event(timestamp: number, claims: Claims, type: EventType = "track", client = false): AcceptedEvent {
	count += 1;
	const sender = client
		? ({ source: "web", trust: "client" } as const)
		: ({ source: "shop", trust: "server" } as const);
	return {
		...sender,
		messageId: `m${count}`,
		type,
		name: "E",
		payload: "{}",
		timestamp,
		receivedAt: timestamp,
		claims,
	};
}
const seen = (timestamp: number, userId: string, anonymousId = "dev") => event(timestamp, { userId, anonymousId });
const by = (at: number) => ({ actor: "test", reason: "a test", at });

/** Puts a workspace's rows into a file as the older version made it, with what it kept in the way that it kept it. */
function writeAsOlder(): void {
	const database = new Database(sqliteFile(older.url));
	const entries = journal.entries.slice(0, journal.entries.findIndex(({ tag }) => tag === lastOfOlder) + 1);
	database.exec("CREATE TABLE __drizzle_migrations (id INTEGER PRIMARY KEY, hash text NOT NULL, created_at numeric)");
	for (const { tag, when } of entries) {
		database.exec(readFileSync(new URL(`${tag}.sql`, folder), "utf8").replaceAll("--> statement-breakpoint", ""));
		database.prepare("INSERT INTO __drizzle_migrations (hash, created_at) VALUES (?, ?)").run(tag, when);
	}
	database.prepare("ATTACH ? AS now").run(sqliteFile(now.url));
	const columnsOf = (schema: string, table: string) =>
		database.prepare("SELECT name FROM pragma_table_info(?, ?)").pluck().all(table, schema) as string[];
	const tables = database
		.prepare(
			"SELECT name FROM main.sqlite_master WHERE type = 'table' AND name NOT GLOB '*sqlite*' AND name NOT GLOB '__*'",
		)
		.pluck()
		.all() as string[];
	for (const table of tables) {
		const known = new Set(columnsOf("now", table));
		const columns = columnsOf("main", table)
			.filter((name) => known.has(name))
			.map((name) => `"${name}"`)
			.join(", ");
		database.exec(
			`DELETE FROM main.${table}; INSERT INTO main.${table} (${columns}) SELECT ${columns} FROM now.${table}`,
		);
	}
	database.exec("UPDATE identifiers SET flags = flags & 7; UPDATE events SET trusted = 0 WHERE trusted > 1");
	// Whoever had a device by an alias first was noted so, and not otherwise when events told of both.
	database.exec(`INSERT INTO adjacent_users (identifier, "user", direct)
		SELECT previous_anonymous, "user", 0 FROM aliases WHERE reading = 1 ON CONFLICT DO UPDATE SET direct = 0`);
	database.close();
}

async function profilesOf(store: Store): Promise<unknown[]> {
	const { data } = await store.listProfiles({ limit: 1_000 });
	return data.sort((a, b) => (a.id < b.id ? -1 : 1));
}

describe("a workspace of an older version", () => {
	it("reads the same when it is opened, and goes on as if it had always been of this one", async () => {
		const device = (value: string): Identifier => ({ type: "anonymous_id", value });
		const user = (value: string): Identifier => ({ type: "user_id", value });
		const store = await openStore(now.url, { identity });
		await store.ingest([
			event(1, { anonymousId: "dev" }),
			event(2, { userId: "u1", previousId: "dev" }, "alias"),
			seen(3, "u1"),
			seen(4, "u2"),
			...[5, 6, 7].flatMap((at) => [seen(at, "u3", "till"), seen(at + 10, "u4", "till")]),
			event(8, { anonymousId: "squat" }),
			event(9, { userId: "u5", previousId: "squat" }, "alias"),
			event(10, { userId: "squat" }, "track", true),
		]);
		await store.correct({ kind: "unlink", identifier: device("till"), from: user("u3") }, by(20));
		const expected = await profilesOf(store);
		const more = [seen(5, "u2"), seen(30, "u1"), seen(12, "u4", "till"), seen(31, "u3", "till"), seen(32, "u6")];
		await store.close();
		writeAsOlder();

		const reopened = await openStore(older.url, { identity });
		expect(await profilesOf(reopened)).toEqual(expected);
		expect((await verifyStore(older.url, { identity }, () => {})).differences).toEqual([]);
		const again = await openStore(now.url, { identity });
		for (const one of [...more, seen(33, "u7")]) {
			for (const each of [reopened, again]) await each.ingest([one]);
			expect(await profilesOf(reopened), JSON.stringify(one.claims)).toEqual(await profilesOf(again));
		}
		expect((await verifyStore(older.url, { identity }, () => {})).differences).toEqual([]);
		await reopened.close();
		await again.close();
	});
});
