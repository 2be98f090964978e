import { randomUUID } from "node:crypto";
import process from "node:process";
import { setTimeout as wait } from "node:timers/promises";
import { Client } from "pg";

/** A schema of one's own on the tests' PostgreSQL. */
export interface TestSchema {
	/** For `openStore`. */
	url: string;
	/** Asks the schema's tables something, on a connection of its own. */
	query<Row>(sql: string, values?: unknown[]): Promise<Row[]>;
	/** See `TestDatabase`. */
	settle(): Promise<void>;
	/** Removes it, once nobody is connected to it any more. */
	drop(): Promise<void>;
}

/**
 * @param parameters of the URL, as `{ pool_size: "2" }`.
 */
export async function makeSchema(parameters: Record<string, string> = {}): Promise<TestSchema> {
	const server = await findServer();
	const schema = `t_${randomUUID().replaceAll("-", "").slice(0, 20)}`;
	const url = new URL(server);
	// Most tests' server syncs nothing, so that they are quick.
	for (const [name, value] of Object.entries({ schema, durability: "unchecked", ...parameters }))
		url.searchParams.set(name, value);

	async function query<Row>(sql: string, values: unknown[] = []): Promise<Row[]> {
		const client = new Client({ connectionString: server, options: `-c search_path=${schema} -c lock_timeout=20000` });
		await client.connect();
		try {
			return (await client.query(sql, values)).rows;
		} finally {
			await client.end();
		}
	}
	return {
		url: url.href,
		query,
		async settle() {
			const number = (transaction: string) => `CAST(CAST(${transaction} AS text) AS bigint)`;
			const [mine] = await query<{ id: string }>(`SELECT ${number("pg_current_xact_id()")} AS id`);
			const isOver = `SELECT ${number("pg_snapshot_xmin(pg_current_snapshot())")} > $1 AS "isOver"`;
			while (!(await query<{ isOver: boolean }>(isOver, [mine?.id]))[0]?.isOver) await wait(10);
		},
		async drop() {
			await query(`SET client_min_messages = warning; DROP SCHEMA IF EXISTS ${schema} CASCADE`);
		},
	};
}

/** The URL of the server that the tests were given, or of the one that the test run starts for whoever asks first. */
async function findServer(): Promise<string> {
	const given = process.env.TEST_DATABASE_URL || process.env.DATABASE_URL;
	if (given && /^postgres(?:ql)?:/.test(given)) return given;
	const desk = process.env.SELFSAME_TEST_POSTGRES;
	if (!desk) throw new Error("Run this with vitest, which starts PostgreSQL, or set TEST_DATABASE_URL.");
	const answer = await fetch(desk);
	if (!answer.ok) throw new Error(await answer.text());
	return answer.text();
}
