import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import Database from "better-sqlite3";
import { drizzle } from "drizzle-orm/better-sqlite3";
import { migrate } from "drizzle-orm/better-sqlite3/migrator";
import { StorageUnavailableError } from "../port.ts";
import {
	explainOpening,
	newestMigration,
	ownMigration,
	requireCurrent,
	requireFile,
	requireMigratable,
} from "./requireWorkspace.ts";

export type SqliteDatabase = Database.Database;

/** ms to wait for another connection's lock. */
const patience = 5_000;

/** Beside the built bundle, or in the package while running from source. */
const migrationsFolder = fileURLToPath(
	new URL(import.meta.url.endsWith(".ts") ? "../../drizzle/sqlite" : "./drizzle/sqlite", import.meta.url),
);

/**
 * Opens the workspace's file for its one writer: creates and migrates it (after a copy beside it, where it held data),
 * and makes sure that a commit is on disk before it returns.
 */
export function openWriter(file: string): SqliteDatabase {
	makeFolder(file);
	const database = connect(file, {});
	try {
		requireMigratable(database, file);
		// A commit touches few pages, and others are read through the memory map: more of them gained nothing.
		database.pragma("cache_size = -16384");
		database.pragma("auto_vacuum = INCREMENTAL");
		database.pragma("journal_mode = WAL");
		// better-sqlite3 is compiled to fall back to NORMAL in WAL mode, silently: FULL comes after WAL, on every connection.
		database.pragma("synchronous = FULL");
		// A commit copies the log back only when it has 64 MB, since nobody else does: see `createCheckpointer`.
		database.pragma("wal_autocheckpoint = 16384");
		// Deleted people leave no bytes behind in the pages they stood on.
		database.pragma("secure_delete = ON");
		requireDurable(database);
		migrateDatabase(database, file);
		return database;
	} catch (error) {
		database.close();
		throw explainOpening(error, file);
	}
}

/** Opens a second connection that never waits for the writer. */
export function openReader(file: string): SqliteDatabase {
	requireFile(file);
	const database = connect(file, { readonly: true, fileMustExist: true });
	try {
		database.pragma("query_only = ON");
		requireCurrent(database, file);
		return database;
	} catch (error) {
		database.close();
		throw explainOpening(error, file);
	}
}

/** Opens a connection that copies the log back; it changes nothing. */
export function openCheckpointer(file: string): SqliteDatabase {
	const database = connect(file, { fileMustExist: true });
	database.pragma("synchronous = FULL");
	return database;
}

function makeFolder(file: string): void {
	try {
		mkdirSync(dirname(file), { recursive: true });
	} catch (error) {
		throw explainOpening(error, file);
	}
}

function connect(file: string, options: Database.Options): SqliteDatabase {
	try {
		const database = new Database(file, { timeout: patience, ...options });
		database.pragma("cache_size = -65536");
		database.pragma("temp_store = MEMORY");
		database.pragma("mmap_size = 268435456");
		return database;
	} catch (error) {
		throw explainOpening(error, file);
	}
}

function syncSettings(database: SqliteDatabase) {
	const journal = database.pragma("journal_mode", { simple: true });
	const synchronous = database.pragma("synchronous", { simple: true });
	return { journal, synchronous };
}

/** Whether a commit is on disk before it returns. */
export function isDurable(database: SqliteDatabase): boolean {
	const { journal, synchronous } = syncSettings(database);
	return journal === "wal" && synchronous === 2;
}

/** Refuses to go on without what "200 means on disk" stands on. */
export function requireDurable(database: SqliteDatabase): void {
	if (!isDurable(database)) {
		const { journal, synchronous } = syncSettings(database);
		throw new StorageUnavailableError(
			`The database is not durable: journal_mode is ${journal} (need wal), synchronous is ${synchronous} (need 2, FULL). ` +
				"Put the file on a local disk that SQLite can lock and map.",
		);
	}
}

function migrateDatabase(database: SqliteDatabase, file: string): void {
	const newest = newestMigration(database) ?? 0;
	if (newest === ownMigration) return;
	if (newest > 0) backupBeside(database, file);
	dropViews(database);
	migrate(drizzle(database), { migrationsFolder });
}

/** A view that names a table stands in the way of a migration that changes it. The writer puts them back. */
function dropViews(database: SqliteDatabase): void {
	const ours = "SELECT name FROM sqlite_master WHERE type = 'view' AND (name GLOB 'v_*' OR name GLOB '_*')";
	const names = database.prepare(ours).pluck().all();
	for (const name of names) database.exec(`DROP VIEW "${name}"`);
}

/**
 * Copies the log back and empties it: what was deleted leaves it too. Waits for a checkpoint under way, which SQLite itself
 * would not; left as it is where somebody goes on reading in it.
 */
export function truncateLog(database: SqliteDatabase): void {
	const end = performance.now() + patience;
	const pause = new Int32Array(new SharedArrayBuffer(4));
	for (;;) {
		const [{ busy } = { busy: 0 }] = database.pragma("wal_checkpoint(TRUNCATE)") as { busy: number }[];
		if (busy === 0 || performance.now() > end) return;
		Atomics.wait(pause, 0, 0, 5);
	}
}

/** The same for a file that nobody here has open. */
export function truncateLogOf(file: string): void {
	const database = new Database(file, { timeout: patience });
	try {
		truncateLog(database);
	} finally {
		database.close();
	}
}

/** A migration that goes wrong must cost nothing: the file as it was stays beside it. */
function backupBeside(database: SqliteDatabase, file: string): void {
	truncateLog(database);
	const stamp = new Date().toISOString().replaceAll(/[:.]/g, "-");
	const backup = `${file}.before-migration-${stamp}`;
	if (existsSync(file)) copyFileSync(file, backup);
}

/**
 * Copies a database as of one commit, in one step: taken in several, a copy begins anew whenever another connection has
 * committed in between, and under steady ingest never ends.
 */
export async function copyDatabase(database: SqliteDatabase, target: string): Promise<void> {
	await database.backup(target, { progress: () => 0x7fff_ffff });
}
