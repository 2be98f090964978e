import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { ClientBase } from "pg";
import { isConflict, isLockTimeout } from "./errors.ts";
import { openPool, patient } from "./openPool.ts";
import { makePartitions } from "./partitions.ts";
import { readPostgresUrl } from "./readUrl.ts";
import { transact } from "./transact.ts";
import { routines } from "./views.ts";

export interface MigrationReport {
	schema: string;
	/** Names of the migrations that were applied, in order. */
	migrations: string[];
	/** Names of the partitions that were made. */
	partitions: string[];
}

interface Migration {
	name: string;
	statements: string[];
}

/** Beside the built bundle, or in the package while running from source. */
const folder = fileURLToPath(
	new URL(import.meta.url.endsWith(".ts") ? "../../drizzle/postgres" : "./drizzle/postgres", import.meta.url),
);

/** How often to try for the locks of tables in use, a second each time. */
const attempts = 100;

/**
 * Brings a workspace's schema to what this version of Selfsame needs, making it where it is not there, in one transaction.
 * Any number may do so at once, while collectors are running: one of them migrates, and the others find it done. A lock on
 * a table in use is waited for only shortly and then tried again, because everybody else would wait behind it.
 *
 * @param now ms; payloads of its month and the next ones get partitions.
 * @throws StorageUnavailableError when the database is not to be had.
 */
export async function migratePostgres(url: string, now: number): Promise<MigrationReport> {
	const settings = readPostgresUrl(url);
	const pool = openPool(patient(settings));
	try {
		return await transact(pool, (client) => migrate(client, settings.schema, now), {
			attempts,
			isWorthRepeating: (error) => isConflict(error) || isLockTimeout(error),
		});
	} finally {
		await pool.end();
	}
}

async function migrate(client: ClientBase, schema: string, now: number): Promise<MigrationReport> {
	await client.query("SELECT pg_advisory_xact_lock($1)", [lockOf(schema)]);
	await client.query("SET LOCAL lock_timeout = '1s'");
	await makeSchema(client, schema);
	const applied = await appliedMigrations(client);
	const migrations = [...readMigrations(), routines].filter(({ name }) => !applied.has(name));
	for (const { name, statements } of migrations) {
		for (const statement of statements) await client.query(statement);
		await client.query("INSERT INTO migrations (name, at) VALUES ($1, $2)", [name, now]);
	}
	const partitions = await makePartitions(client, now);
	return { schema, migrations: migrations.map(({ name }) => name), partitions };
}

/** One for each schema; any number will do that nobody else locks. */
function lockOf(schema: string): string {
	return createHash("sha256").update(`selfsame migrate ${schema}`).digest().readBigInt64BE().toString();
}

/** Asks first: whoever may not make schemas can be given one that is there. */
async function makeSchema(client: ClientBase, schema: string): Promise<void> {
	const found = await client.query("SELECT 1 FROM pg_namespace WHERE nspname = $1", [schema]);
	if (found.rows.length === 0) await client.query(`CREATE SCHEMA "${schema}"`);
}

async function appliedMigrations(client: ClientBase): Promise<Set<string>> {
	const { rows } = await client.query("SELECT to_regclass('migrations') IS NOT NULL AS is_there");
	if (!rows[0].is_there) {
		await client.query('CREATE TABLE migrations (name text COLLATE "C" PRIMARY KEY, at bigint NOT NULL)');
		return new Set();
	}
	const known = await client.query("SELECT name FROM migrations");
	return new Set(known.rows.map(({ name }) => name as string));
}

/** Those that drizzle-kit wrote, in their order. */
function readMigrations(): Migration[] {
	const { entries } = JSON.parse(readFileSync(`${folder}/meta/_journal.json`, "utf8")) as {
		entries: { tag: string }[];
	};
	return entries.map(({ tag }) => ({
		name: tag,
		statements: readFileSync(`${folder}/${tag}.sql`, "utf8").split("--> statement-breakpoint"),
	}));
}
