import { existsSync, renameSync, rmSync } from "node:fs";
import type { IdentityConfig } from "@selfsame/identity";
import Database from "better-sqlite3";
import { StorageUnavailableError } from "../port.ts";
import { canonicalRules } from "../sql/identityRules.ts";
import type { Progress } from "../sql/restore.ts";
import { openReader, type SqliteDatabase, truncateLogOf } from "./openDatabase.ts";
import { restoreInto } from "./restoreTarget.ts";

/** Where a rebuild grows beside the file that is served meanwhile. */
const rebuiltFile = (file: string) => `${file}.rebuilt`;

export interface RebuildReport {
	/** Whether the rebuilt profiles are in force; otherwise a collector has the old file open and takes over when it restarts. */
	swapped: boolean;
	/** The file, or the schema, as it was, kept; null while it is still in force. */
	previous: string | null;
}

/**
 * Builds all profiles anew under other identity rules, beside the file in use, which is served until the swap. An
 * interrupted run goes on where it stopped when called again with the same rules.
 */
export function rebuildSqlite(file: string, config: IdentityConfig, progress: Progress): RebuildReport {
	growRebuilt(file, config, progress);
	if (isOpenElsewhere(file)) return { swapped: false, previous: null };
	return { swapped: true, previous: swapIn(file, config, progress) };
}

/**
 * Puts a finished rebuild under these rules in force, if there is one: called when a store opens and finds that its own
 * file stands on other rules. Catches up first with what was stored since.
 */
export function adoptRebuilt(file: string, config: IdentityConfig): boolean {
	const rebuilt = rebuiltFile(file);
	if (!existsSync(rebuilt) || rulesOf(rebuilt) !== canonicalRules(config)) return false;
	swapIn(file, config, () => {});
	return true;
}

function growRebuilt(file: string, config: IdentityConfig, progress: Progress): void {
	const rebuilt = rebuiltFile(file);
	const from = openReader(file);
	try {
		// A deletion must not be undone by a copy made before it, nor one set of rules go on from another.
		const stale =
			existsSync(rebuilt) &&
			(rulesOf(rebuilt) !== canonicalRules(config) || deletionsSeenBy(rebuilt) !== deletionsIn(from));
		if (stale) removeDatabase(rebuilt);
		restoreInto(rebuilt, from, config, progress);
	} finally {
		from.close();
	}
}

/** Catches up, then renames: the old file stays beside under a name that says when. */
function swapIn(file: string, config: IdentityConfig, progress: Progress): string {
	growRebuilt(file, config, progress);
	const previous = `${file}.before-rebuild-${new Date().toISOString().replaceAll(/[:.]/g, "-")}`;
	truncateLogOf(file);
	renameSync(file, previous);
	for (const suffix of ["-wal", "-shm"]) rmSync(`${file}${suffix}`, { force: true });
	renameSync(rebuiltFile(file), file);
	return previous;
}

/** Whether another process has the file open: in WAL mode an exclusive lock is only to be had alone. */
function isOpenElsewhere(file: string): boolean {
	const database = new Database(file, { timeout: 0 });
	try {
		database.pragma("locking_mode = EXCLUSIVE");
		database.exec("BEGIN EXCLUSIVE; ROLLBACK");
		return false;
	} catch (error) {
		if ((error as { code?: string }).code?.startsWith("SQLITE_BUSY")) return true;
		throw new StorageUnavailableError(`The database cannot be locked: ${(error as Error).message}`);
	} finally {
		database.close();
	}
}

function metaOf(file: string, name: string): string | undefined {
	const database = new Database(file, { readonly: true });
	try {
		return database.prepare("SELECT value FROM meta WHERE name = ?").pluck().get(name) as string | undefined;
	} catch {
		// Interrupted before its first table: as good as none.
		return undefined;
	} finally {
		database.close();
	}
}

const rulesOf = (file: string) => metaOf(file, "identity_rules");
const deletionsSeenBy = (file: string) => Number(metaOf(file, "restored_deletions") ?? -1);

function deletionsIn(database: SqliteDatabase): number {
	return database.prepare("SELECT count(*) FROM deletions").pluck().get() as number;
}

function removeDatabase(file: string): void {
	for (const suffix of ["", "-wal", "-shm"]) rmSync(`${file}${suffix}`, { force: true });
}
