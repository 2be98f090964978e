import { readFileSync } from "node:fs";
import { defaultIdentityConfig, type IdentityConfig } from "@selfsame/identity";
import type { AcceptedEvent } from "@selfsame/protocol";
import { openStore, verifyStore } from "@selfsame/store";
import Database from "better-sqlite3";
import { Client } from "pg";
import { expect, it } from "vitest";
import type { DatabaseKind } from "./databaseOfRun.ts";
import { makeDatabase } from "./makeDatabase.ts";

const identity: IdentityConfig = {
	...defaultIdentityConfig,
	identifiers: { ...defaultIdentityConfig.identifiers, email: { priority: 2, limit: 2 } },
	maxUsersPerIdentifier: 3,
	maxIdentifiersPerUser: 4,
};
/** What an older version went by: nobody is ever crowded. */
const lenient = { ...identity, maxUsersPerIdentifier: 1_000, maxIdentifiersPerUser: 1_000 };
const { blockedValues, maxUsersPerAnonymousId } = identity;
const olderRules = JSON.stringify({
	identifiers: [
		["anonymous_id", 100, null],
		["email", 2, 2],
		["user_id", 1, 1],
	],
	blockedValues,
	maxUsersPerAnonymousId,
});

let made = 0;
function event(userId: string, email: string, anonymousId?: string): AcceptedEvent {
	made += 1;
	const timestamp = Date.UTC(2026, 0, 1) + made;
	const claims = { userId, emails: [email], ...(anonymousId === undefined ? {} : { anonymousId }) };
	const at = { messageId: `m${made}`, timestamp, receivedAt: timestamp };
	return { source: "s", trust: "server", type: "track", claims, payload: "{}", ...at };
}

const journal = new URL("../drizzle/sqlite/meta/_journal.json", import.meta.url);
const madeAt = (migration: string): number => {
	const { entries } = JSON.parse(readFileSync(journal, "utf8")) as { entries: { tag: string; when: number }[] };
	return entries.find(({ tag }) => tag === migration)?.when ?? Number.NaN;
};

/** Takes out of a workspace what an older version did not keep. */
const asOlder = (kind: DatabaseKind) => [
	`UPDATE meta SET value = '${olderRules}' WHERE name = 'identity_rules'`,
	"DELETE FROM adjacent_users WHERE identifier IN (SELECT id FROM identifiers WHERE type = 'email' AND state = 0)",
	"UPDATE adjacent_users SET direct = 1",
	"DROP TABLE limited_users",
	...["latest", "seen_with", "tail"].map((column) => `ALTER TABLE identifiers DROP COLUMN ${column}`),
	// What later versions made is made again.
	"DROP TABLE counting_evidence",
	kind === "sqlite"
		? `DELETE FROM __drizzle_migrations WHERE created_at >= ${madeAt("0006_crowds")}`
		: "DELETE FROM migrations WHERE name LIKE '%_crowds' OR name LIKE '%_counting_evidence'",
];

async function change(kind: DatabaseKind, url: string, statements: readonly string[]): Promise<void> {
	if (kind === "sqlite") {
		const database = new Database(url.slice("file:".length));
		for (const { name } of database.prepare("SELECT name FROM sqlite_master WHERE type = 'view'").all() as {
			name: string;
		}[])
			database.exec(`DROP VIEW "${name}"`);
		for (const statement of statements) database.exec(statement);
		database.close();
		return;
	}
	const server = new URL(url);
	const schema = server.searchParams.get("schema");
	server.search = "";
	const client = new Client({ connectionString: server.href, options: `-c search_path=${schema}` });
	await client.connect();
	for (const statement of statements) await client.query(statement);
	await client.end();
}

it.each<DatabaseKind>(["sqlite", "postgres"])(
	"a workspace of an older version opens with its crowds counted: %s",
	{
		timeout: 60_000,
	},
	async (kind) => {
		const database = await makeDatabase(kind);
		const older = await openStore(database.url, { identity: lenient });
		await older.ingest([
			...["a", "b", "c", "d", "e"].map((name) => event("kiosk", `${name}@x.io`)),
			...["u1", "u2", "u3", "u4"].map((user) => event(user, "desk@x.io", `device of ${user}`)),
			event("u1", "a@x.io"),
			...["f", "g", "h"].map((name) => event("full", `${name}@x.io`)),
		]);
		await older.close();
		await change(kind, database.url, asOlder(kind));

		const store = await openStore(database.url, { identity });
		const held = async (userId: string) =>
			(await store.findProfile({ type: "user_id", value: userId }))?.identifiers.map(({ value }) => value);
		expect(await held("kiosk")).toEqual(["kiosk"]);
		expect(await held("u1")).toEqual(["u1", "a@x.io", "device of u1"]);
		expect(await held("u4")).toEqual(["u4", "device of u4"]);
		expect(await held("full")).toEqual(["full", "f@x.io", "g@x.io"]);
		// From here on the counts go on.
		await store.ingest([event("full", "i@x.io"), event("u1", "b@x.io"), event("kiosk", "f@x.io")]);
		expect(await held("full")).toEqual(["full", "f@x.io", "g@x.io"]);
		expect(await held("u1")).toEqual(["u1", "a@x.io", "b@x.io", "device of u1"]);
		await store.ingest([event("full", "j@x.io")]);
		expect(await held("full")).toEqual(["full"]);
		await store.close();
		expect((await verifyStore(database.url, { identity }, () => {})).differences).toEqual([]);
		await database.drop();
	},
);
