import { setTimeout as wait } from "node:timers/promises";
import type { Client, Pool } from "pg";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { StorageUnavailableError } from "../../src/port.ts";
import { isConflict, isDuplicate } from "../../src/postgres/errors.ts";
import { openPool } from "../../src/postgres/openPool.ts";
import { readPostgresUrl } from "../../src/postgres/readUrl.ts";
import { readOnly, transact } from "../../src/postgres/transact.ts";
import { makeSchema, type TestSchema } from "./makeSchema.ts";

let schema: TestSchema;
let pool: Pool;

const open = (parameters: Record<string, string> = {}): Pool => {
	const url = new URL(schema.url);
	for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
	return openPool(readPostgresUrl(url.href));
};

beforeEach(async () => {
	schema = await makeSchema();
	const name = new URL(schema.url).searchParams.get("schema");
	await schema.query(`CREATE SCHEMA ${name}; CREATE TABLE t (id bigint PRIMARY KEY, n bigint)`);
	pool = open();
});
afterEach(async () => {
	await pool.end();
	await schema.drop();
});

const insert = (id: number) =>
	transact(pool, async (client) => {
		await client.query("INSERT INTO t (id, n) VALUES ($1, 0)", [id]);
	});
const ids = async () =>
	(await schema.query<{ id: string }>("SELECT id FROM t ORDER BY id")).map(({ id }) => Number(id));

/** Why something was refused. */
const refusal = (promise: Promise<unknown>) =>
	promise.then(
		() => undefined,
		(error: unknown) => error as Error,
	);

describe("a transaction", () => {
	it("commits all, or nothing", async () => {
		await insert(1);
		const failing = transact(pool, async (client) => {
			await client.query("INSERT INTO t VALUES (2, 0)");
			throw new Error("changed my mind");
		});
		expect((await refusal(failing))?.message).toBe("changed my mind");
		expect(await ids()).toEqual([1]);
	});

	it("is not called committed when an error in it was kept quiet", async () => {
		const quiet = transact(pool, async (client) => {
			await client.query("INSERT INTO t VALUES (1, 0)");
			await client.query("SELECT no_such_column").catch(() => {});
		});
		expect((await refusal(quiet))?.message).toMatch(/statement in it had failed/);
		expect(await ids()).toEqual([]);
	});

	it("that may only read cannot write", async () => {
		const writing = transact(pool, (client) => client.query("INSERT INTO t VALUES (1, 0)"), { begin: readOnly });
		expect(await refusal(writing)).toMatchObject({ message: expect.stringMatching(/read-only transaction/) });
	});

	it("reads numbers as numbers, and refuses one that JavaScript cannot hold", async () => {
		const read = (number: string) =>
			transact(pool, async (client) => (await client.query(`SELECT ${number}::bigint AS n`)).rows[0].n);
		expect(await read(`${Number.MAX_SAFE_INTEGER}`)).toBe(Number.MAX_SAFE_INTEGER);
		expect(await read(`${Number.MIN_SAFE_INTEGER}`)).toBe(Number.MIN_SAFE_INTEGER);
		expect((await refusal(read("9007199254740993")))?.message).toMatch(/beyond 2\^53/);
	});

	it("is done again when it meets another one", async () => {
		await insert(1);
		await insert(2);
		let attempts = 0;
		// Each takes the row that the other one wants next.
		const cross = (first: number, second: number) =>
			transact(pool, async (client) => {
				attempts += 1;
				await client.query("UPDATE t SET n = n + 1 WHERE id = $1", [first]);
				await wait(100);
				await client.query("UPDATE t SET n = n + 1 WHERE id = $1", [second]);
			});
		await Promise.all([cross(1, 2), cross(2, 1)]);
		expect(attempts).toBeGreaterThan(2);
		expect(await schema.query("SELECT n::int FROM t")).toEqual([{ n: 2 }, { n: 2 }]);
	});

	it("is done again only for what it is worth it", async () => {
		await insert(1);
		let attempts = 0;
		const again = transact(
			pool,
			async (client) => {
				attempts += 1;
				await client.query("INSERT INTO t VALUES ($1, 0)", [attempts]);
			},
			{ isWorthRepeating: (error) => isConflict(error) || isDuplicate(error) },
		);
		await again;
		expect(await ids()).toEqual([1, 2]);
		expect(await refusal(insert(2))).not.toBeInstanceOf(StorageUnavailableError);
	});

	it("goes through after a migration that another process made", async () => {
		await insert(1);
		const read = () =>
			transact(pool, async (client) => (await client.query({ name: "s", text: "SELECT * FROM t" })).rows);
		expect(await read()).toEqual([{ id: 1, n: 0 }]);
		await schema.query("ALTER TABLE t ADD COLUMN added int");
		expect(await read()).toEqual([{ id: 1, n: 0, added: null }]);
	});
});

describe("storage that cannot take it", () => {
	it("a connection that is cut, with a statement under way and without", async () => {
		const cut = (pid: number) => schema.query("SELECT pg_terminate_backend($1)", [pid]);
		const pidOf = async (client: Pick<Client, "query">) =>
			(await client.query("SELECT pg_backend_pid() AS pid")).rows[0].pid as number;

		const busy = transact(pool, async (client) => {
			const pid = await pidOf(client);
			await client.query("INSERT INTO t VALUES (1, 0)");
			const sleeping = client.query("SELECT pg_sleep(30)");
			await Promise.all([sleeping, cut(pid)]);
		});
		expect(await refusal(busy)).toBeInstanceOf(StorageUnavailableError);

		const idle = transact(pool, async (client) => {
			await cut(await pidOf(client));
			await wait(50);
			await client.query("INSERT INTO t VALUES (2, 0)");
		});
		expect(await refusal(idle)).toBeInstanceOf(StorageUnavailableError);

		// Cut while it lies in the pool: whoever comes next gets another, or learns that storage is not available.
		const resting = await transact(pool, pidOf);
		await cut(resting);
		await wait(50);
		await insert(3);
		expect(await ids()).toEqual([3]);
		expect(pool.totalCount).toBe(1);
	});

	it("a statement that takes too long", async () => {
		await pool.end();
		pool = open({ statement_timeout: "100" });
		const slow = transact(pool, (client) => client.query("SELECT pg_sleep(30)"));
		expect(await refusal(slow)).toMatchObject({
			name: "StorageUnavailableError",
			message: expect.stringMatching(/statement timeout/),
		});
		await insert(1);
	});

	it("a pool that is all in use", async () => {
		await pool.end();
		pool = open({ pool_size: "2", connect_timeout: "1" });
		const held = [await pool.connect(), await pool.connect()];
		expect(await refusal(insert(1))).toBeInstanceOf(StorageUnavailableError);
		for (const client of held) client.release();
		await insert(2);
		expect(await ids()).toEqual([2]);
	});

	it("a lock that is not to be had", async () => {
		await pool.end();
		pool = open({ lock_timeout: "100" });
		const holder = await pool.connect();
		await holder.query("BEGIN; LOCK TABLE t");
		expect(await refusal(insert(1))).toBeInstanceOf(StorageUnavailableError);
		await holder.query("COMMIT");
		holder.release();
		await insert(2);
	});

	it.each([
		[
			"no server there",
			(url: URL) => {
				url.port = "1";
			},
		],
		[
			"nobody of that name",
			(url: URL) => {
				url.username = "nobody_of_that_name";
			},
		],
		[
			"no such database",
			(url: URL) => {
				url.pathname = "/no_such_database";
			},
		],
	])("%s", async (_, spoil) => {
		const url = new URL(schema.url);
		spoil(url);
		await pool.end();
		pool = openPool(readPostgresUrl(url.href));
		const error = await refusal(insert(1));
		expect(error).toBeInstanceOf(StorageUnavailableError);
		expect(error?.message).not.toBe("PostgreSQL: ");
	});

	it("a server that does not keep what it commits", async () => {
		await pool.end();
		// Commits are not awaited on this connection, whatever the server does with its files.
		const url = new URL(schema.url);
		url.searchParams.delete("durability");
		url.searchParams.set("options", "-c synchronous_commit=off");
		pool = openPool(readPostgresUrl(url.href));
		expect(await refusal(insert(1))).toMatchObject({
			name: "StorageUnavailableError",
			message: expect.stringMatching(/synchronous_commit is off.*durability=unchecked/),
		});
	});
});
