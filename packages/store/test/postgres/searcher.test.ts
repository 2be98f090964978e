import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { defaultIdentityConfig } from "@selfsame/identity";
import { FilterTooCostlyError, StorageUnavailableError } from "@selfsame/store";
import { Client } from "pg";
import { afterEach, beforeEach, expect, it } from "vitest";
import { readPostgresUrl } from "../../src/postgres/readUrl.ts";
import { createSearcher } from "../../src/postgres/search/createSearcher.ts";
import { compileFilter } from "../../src/sql/search/compileFilter.ts";
import { openTempStore, type TempStore } from "../tempStore.ts";

let temp: TempStore;
let searcher: ReturnType<typeof createSearcher>;
let name: string;
let isSlow: boolean;

beforeEach(async () => {
	temp = await openTempStore(defaultIdentityConfig, "postgres");
	await temp.store.ingest([
		{
			...{ source: "server", trust: "server", messageId: "m", type: "track", name: "A", timestamp: 1, receivedAt: 1 },
			...{ claims: { userId: "u" }, payload: "{}" },
		},
	]);
	name = randomUUID();
	const url = new URL(temp.url);
	url.searchParams.set("application_name", name);
	const compile: typeof compileFilter = (filter, setting) => {
		const compiled = compileFilter(filter, setting);
		return isSlow ? { ...compiled, where: `pg_sleep(60) IS NOT NULL AND ${compiled.where}` } : compiled;
	};
	searcher = createSearcher(readPostgresUrl(url.href), defaultIdentityConfig, { compile });
});
afterEach(async () => {
	await searcher.close();
	await temp.remove();
});

const search = async (timeLimit: number, slow = false): Promise<number> => {
	isSlow = slow;
	const { data } = await searcher.searchProfiles({ filter: { did: "A" }, now: 2, limit: 10, timeLimit });
	return data.length;
};

/** Asks about the connections of the searcher. */
const ask = async (sql: string): Promise<number> => {
	const client = new Client({ connectionString: readPostgresUrl(temp.url).connectionString });
	await client.connect();
	try {
		return (await client.query(`${sql} WHERE application_name = $1`, [name])).rowCount ?? 0;
	} finally {
		await client.end();
	}
};
const isSleeping = () => ask("SELECT FROM (SELECT * FROM pg_stat_activity WHERE wait_event = 'PgSleep') a");
const cut = () => ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity");

it("ends a statement that takes longer than the search may, and answers the next", async () => {
	expect(await search(60_000)).toBe(1);
	await expect(search(500, true)).rejects.toThrow(FilterTooCostlyError);
	expect(await search(60_000)).toBe(1);
});

it("goes on with another connection where its own was cut, at rest and in the middle", async () => {
	expect(await search(60_000)).toBe(1);
	expect(await cut()).toBe(1);
	await wait(50);
	expect(await search(60_000)).toBe(1);
	const cutOff = expect(search(60_000, true)).rejects.toThrow(StorageUnavailableError);
	await expect.poll(isSleeping).toBe(1);
	await cut();
	await cutOff;
	expect(await search(60_000)).toBe(1);
});

it("ends the search under way and those that wait when it is closed", async () => {
	const ended = expect(search(60_000, true)).rejects.toThrow(StorageUnavailableError);
	const waiting = expect(search(60_000, true)).rejects.toThrow(StorageUnavailableError);
	await expect.poll(isSleeping).toBe(1);
	await searcher.close();
	await Promise.all([ended, waiting]);
	await expect.poll(() => ask("SELECT FROM pg_stat_activity")).toBe(0);
	await expect(search(60_000)).rejects.toThrow(StorageUnavailableError);
});
