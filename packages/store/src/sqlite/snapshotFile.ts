import { closeSync, openSync, readdirSync, rmSync } from "node:fs";
import { stat, statfs } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import Database from "better-sqlite3";
import { v7 } from "uuid";
import { StorageUnavailableError } from "../port.ts";
import { copyDatabase, openReader, truncateLogOf } from "./openDatabase.ts";

const infix = ".snapshot-";

/** Beyond the copy itself: what ingest writes meanwhile must not find the disk full because somebody exports. */
const ROOM_TO_SPARE = 256 * 1024 * 1024;

/**
 * Copies a workspace's file as of one commit, beside it.
 *
 * Why a copy: a reader who stays in one transaction for as long as a slow client takes would keep the write-ahead log
 * from ever being reused. Copying takes one transaction too, but only for as long as the disk takes. Reading row by row
 * without a copy is no choice, since a merge or a late event may change whom any earlier row belongs to.
 *
 * A deletion during the copying waits for it as it does for any reader; one after it does not reach the copy, which is
 * gone when its reader is.
 *
 * @returns the copy's path. It holds what the file holds, so only its owner may read it.
 */
export async function copyAsOfNow(file: string): Promise<string> {
	const live = openReader(file);
	// Each page is read once: keeping them would only make memory grow with the database.
	live.pragma("mmap_size = 0");
	live.pragma("cache_size = -4096");
	const copy = `${file}${infix}${v7()}`;
	try {
		const deletions = countDeletions(live);
		await requireRoom(file);
		closeSync(openSync(copy, "wx", 0o600));
		await copyDatabase(live, copy);
		leaveWal(copy);
		// It could not empty the log while that was being copied.
		if (countDeletions(live) !== deletions) truncateLogOf(file);
		return copy;
	} catch (error) {
		removeFiles(copy);
		throw error;
	} finally {
		live.close();
	}
}

/** Removes the copies that a crash left beside a workspace's file, but none that another process is making just now. */
export function removeLeftCopies(file: string): void {
	const prefix = `${basename(file)}${infix}`;
	for (const name of readdirSync(dirname(file))) {
		if (!name.startsWith(prefix) || /-(journal|wal|shm)$/.test(name)) continue;
		const copy = join(dirname(file), name);
		if (!isLocked(copy)) removeFiles(copy);
	}
}

export function removeFiles(copy: string): void {
	for (const suffix of ["", "-journal", "-wal", "-shm"]) rmSync(`${copy}${suffix}`, { force: true });
}

async function requireRoom(file: string): Promise<void> {
	const sizes = await Promise.all([file, `${file}-wal`].map((name) => stat(name).catch(() => ({ size: 0 }))));
	const needed = sizes.reduce((sum, { size }) => sum + size, ROOM_TO_SPARE);
	const { bavail, bsize } = await statfs(dirname(file));
	const free = bavail * bsize;
	if (free >= needed) return;
	const megabytes = (bytes: number) => `${Math.ceil(bytes / 2 ** 20)} MB`;
	throw new StorageUnavailableError(
		`An export first copies the database beside it, which needs ${megabytes(needed)}; only ${megabytes(free)} are free there.`,
	);
}

const countDeletions = (database: Database.Database) =>
	database.prepare("SELECT count(*) FROM deletions").pluck().get() as number;

/** A copy is nobody else's, so it needs no log; and without its name on the disk it could not have one. */
function leaveWal(copy: string): void {
	const database = new Database(copy);
	try {
		database.pragma("journal_mode = DELETE");
	} finally {
		database.close();
	}
}

/** Whether somebody is writing or reading a copy. */
function isLocked(copy: string): boolean {
	const database = new Database(copy, { timeout: 0 });
	try {
		database.exec("BEGIN EXCLUSIVE; ROLLBACK");
		return false;
	} catch (error) {
		// Anything else means that it was never finished.
		return (error as { code?: string }).code?.startsWith("SQLITE_BUSY") === true;
	} finally {
		database.close();
	}
}
