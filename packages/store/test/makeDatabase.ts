import { mkdtempSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DatabaseKind, databaseOfRun } from "./databaseOfRun.ts";
import { makeSchema } from "./postgres/makeSchema.ts";

/** A database of one's own that nobody has opened yet. */
export interface TestDatabase {
	/** For `openStore`. */
	url: string;
	/**
	 * Waits until the feed tells of all that was committed. PostgreSQL holds back what came after a transaction that is
	 * still under way, be it another test's.
	 */
	settle(): Promise<void>;
	/** Removes it, once it is closed. */
	drop(): Promise<void>;
}

/** Linux's file system in memory, where syncing costs nothing. */
const memory = "/dev/shm";
/** Bytes. A container's may be small. */
const enoughMemory = 4 * 2 ** 30;

export interface DatabaseOptions {
	/** What a commit costs is not what is tested, and there are very many. The files are real ones all the same. */
	manyCommits?: boolean;
}

/** A SQLite file in a directory of its own, or a PostgreSQL schema. */
export async function makeDatabase(
	kind: DatabaseKind = databaseOfRun,
	{ manyCommits = false }: DatabaseOptions = {},
): Promise<TestDatabase> {
	if (kind === "postgres") return makeSchema();
	const directory = mkdtempSync(join(manyCommits && hasMemory() ? memory : tmpdir(), "selfsame-test-"));
	return {
		url: `file:${join(directory, "selfsame.db")}`,
		settle: async () => {},
		drop: async () => rmSync(directory, { recursive: true, force: true }),
	};
}

function hasMemory(): boolean {
	try {
		const { bavail, bsize } = statfsSync(memory);
		return bavail * bsize >= enoughMemory;
	} catch {
		return false;
	}
}
