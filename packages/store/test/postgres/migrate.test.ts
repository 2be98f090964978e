import { readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import { migratePostgres } from "../../src/postgres/migrate.ts";
import { openPool } from "../../src/postgres/openPool.ts";
import { readPostgresUrl } from "../../src/postgres/readUrl.ts";
import { routines } from "../../src/postgres/views.ts";
import { makeSchema, type TestSchema } from "./makeSchema.ts";

const november = Date.UTC(2026, 10, 22, 12);
const december = Date.UTC(2026, 11, 1);
const journal = readFileSync(new URL("../../drizzle/postgres/meta/_journal.json", import.meta.url), "utf8");
const names = [...JSON.parse(journal).entries.map(({ tag }: { tag: string }) => tag), routines.name];
const day = 24 * 60 * 60 * 1000;

let schema: TestSchema;
beforeEach(async () => {
	schema = await makeSchema();
});
afterEach(() => schema.drop());

const putPayload = (seq: number, receivedAt: number) =>
	schema.query("INSERT INTO event_payloads VALUES ($1, $2, '{}', NULL)", [seq, receivedAt]);
/** The last part of the name of the partition that each payload lies in. */
const places = async () => {
	const rows = await schema.query<{ place: string }>(
		"SELECT tableoid::regclass::text AS place FROM event_payloads ORDER BY seq",
	);
	return rows.map(({ place }) => place.replace("event_payloads_", ""));
};

it("makes the schema and its tables once, however many come at the same time", async () => {
	const reports = await Promise.all(Array.from({ length: 10 }, () => migratePostgres(schema.url, november)));
	const partitions = ["event_payloads_2026_11", "event_payloads_2026_12", "event_payloads_2027_01"];
	const [first, ...others] = reports.sort((a, b) => b.migrations.length - a.migrations.length);
	expect(first).toMatchObject({ migrations: names, partitions });
	for (const other of others) expect(other).toMatchObject({ migrations: [], partitions: [] });
	expect(await schema.query("SELECT name FROM migrations ORDER BY name")).toEqual(names.map((name) => ({ name })));
});

it("puts payloads into their month, and the rest aside", async () => {
	await migratePostgres(schema.url, november);
	await putPayload(1, november);
	await putPayload(2, december - 1);
	await putPayload(3, december);
	await putPayload(4, Date.UTC(2019, 0, 1));
	expect(await places()).toEqual(["2026_11", "2026_11", "2026_12", "default"]);
});

it("makes the partitions of months to come, over the turn of the year", async () => {
	await migratePostgres(schema.url, november);
	const later = await migratePostgres(schema.url, december);
	expect(later).toMatchObject({ migrations: [], partitions: ["event_payloads_2027_02"] });
	expect((await migratePostgres(schema.url, december)).partitions).toEqual([]);
});

it("leaves a month whose payloads already lie in the default partition there", async () => {
	await migratePostgres(schema.url, november);
	const march = Date.UTC(2027, 2, 10);
	await putPayload(1, march);
	const { partitions } = await migratePostgres(schema.url, Date.UTC(2027, 1, 1));
	expect(partitions).toEqual(["event_payloads_2027_02", "event_payloads_2027_04"]);
	await putPayload(2, march + day);
	expect(await places()).toEqual(["default", "default"]);
});

it("does not wait behind whoever is reading, but tries again", async () => {
	await migratePostgres(schema.url, november);
	const pool = openPool(readPostgresUrl(schema.url));
	const reader = await pool.connect();
	await reader.query("BEGIN; LOCK TABLE event_payloads_default IN ROW EXCLUSIVE MODE");
	const migrating = migratePostgres(schema.url, december);
	await wait(1_500);
	// Others are not kept waiting behind the one that wants the lock for longer than it waits itself.
	await putPayload(1, november);
	await reader.query("COMMIT");
	reader.release();
	expect((await migrating).partitions).toEqual(["event_payloads_2027_02"]);
	await pool.end();
});

it("orders texts by their bytes, whatever the server's collation", async () => {
	await migratePostgres(schema.url, november);
	await schema.query("INSERT INTO meta VALUES ('a', '1'), ('B', '2'), ('é', '3'), ('z', '4')");
	const names = await schema.query<{ name: string }>("SELECT name FROM meta ORDER BY name");
	expect(names.map(({ name }) => name)).toEqual(["B", "a", "z", "é"]);
});

it("needs no right to make schemas where the schema is there", async () => {
	const role = `r_${new URL(schema.url).searchParams.get("schema")}`;
	const name = new URL(schema.url).searchParams.get("schema");
	await schema.query(
		`CREATE SCHEMA ${name}; CREATE ROLE ${role} LOGIN PASSWORD 'role'; GRANT ALL ON SCHEMA ${name} TO ${role}`,
	);
	const url = new URL(schema.url);
	url.username = role;
	url.password = "role";
	try {
		expect((await migratePostgres(url.href, november)).migrations).toEqual(names);
	} finally {
		await schema.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
	}
});
