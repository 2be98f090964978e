import { mkdtempSync, rmSync } from "node:fs";
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

/** A SQLite file in a directory of its own, or a PostgreSQL schema. */
export async function makeDatabase(kind: DatabaseKind = databaseOfRun): Promise<TestDatabase> {
	if (kind === "postgres") return makeSchema();
	const directory = mkdtempSync(join(tmpdir(), "selfsame-test-"));
	return {
		url: `file:${join(directory, "selfsame.db")}`,
		settle: async () => {},
		drop: async () => rmSync(directory, { recursive: true, force: true }),
	};
}
