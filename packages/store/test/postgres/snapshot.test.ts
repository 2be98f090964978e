import { defaultIdentityConfig as identity } from "@selfsame/identity";
import type { AcceptedEvent } from "@selfsame/protocol";
import { openSnapshot, StorageUnavailableError } from "@selfsame/store";
import { Client } from "pg";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readPostgresUrl } from "../../src/postgres/readUrl.ts";
import { describeSnapshot } from "../describeSnapshot.ts";
import { openTempStore, type TempStore } from "../tempStore.ts";

describeSnapshot("postgres", 3);

describe("a snapshot of a PostgreSQL workspace", () => {
	let temp: TempStore;
	beforeEach(async () => {
		temp = await openTempStore(identity, "postgres");
		const events = Array.from(
			{ length: 1_200 },
			(_, index): AcceptedEvent => ({
				source: "server",
				trust: "server",
				messageId: `m${index}`,
				type: "track",
				name: "A",
				timestamp: index,
				receivedAt: index,
				claims: { userId: `u${index % 7}` },
				payload: "{}",
			}),
		);
		await temp.store.ingest(events);
	});
	afterEach(() => temp.remove());

	const ask = async (sql: string): Promise<Record<string, unknown>[]> => {
		const { connectionString, schema } = readPostgresUrl(temp.url);
		const client = new Client({ connectionString, options: `-c search_path=${schema}` });
		await client.connect();
		try {
			return (await client.query(sql)).rows;
		} finally {
			await client.end();
		}
	};

	it("is one transaction, which ends when it is closed", async () => {
		const readers = () =>
			ask(`SELECT count(DISTINCT pid)::int FROM pg_locks
				WHERE relation = 'events'::regclass AND mode = 'AccessShareLock' AND pid <> pg_backend_pid()`);
		const snapshot = await openSnapshot(temp.url, { identity });
		const pages = snapshot.pages("events")[Symbol.asyncIterator]();
		expect((await pages.next()).value).toHaveLength(500);
		expect(await readers()).toEqual([{ count: 1 }]);
		await snapshot.close();
		await expect.poll(readers).toEqual([{ count: 0 }]);
	});

	it("says so when another workspace was put in its place, instead of ending early", async () => {
		const { schema } = readPostgresUrl(temp.url);
		const snapshot = await openSnapshot(temp.url, { identity });
		const pages = snapshot.pages("events")[Symbol.asyncIterator]();
		await pages.next();
		await ask(`ALTER SCHEMA ${schema} RENAME TO ${schema}_old; CREATE SCHEMA ${schema};
			DO $$ DECLARE t text; BEGIN FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = '${schema}_old' LOOP
				EXECUTE format('CREATE TABLE ${schema}.%I (LIKE ${schema}_old.%I)', t, t); END LOOP; END $$`);
		await expect(pages.next()).rejects.toThrow(StorageUnavailableError);
		await snapshot.close();
		await ask(`DROP SCHEMA ${schema} CASCADE; ALTER SCHEMA ${schema}_old RENAME TO ${schema}`);
	});
});
