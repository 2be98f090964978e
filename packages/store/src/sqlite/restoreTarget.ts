import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type { IdentityConfig } from "@selfsame/identity";
import { createAmendments } from "../sql/amendments.ts";
import { noDecisions } from "../sql/decider.ts";
import { createKeyedHash } from "../sql/keyedHash.ts";
import { putMeta, readMeta } from "../sql/meta.ts";
import { type Progress, type RestoreTarget, restore } from "../sql/restore.ts";
import { runSteps, type Steps } from "../sql/steps.ts";
import { createStoredWorkspace } from "../sql/storedWorkspace.ts";
import { createCountedIds } from "./countedIds.ts";
import { sqliteDialect } from "./dialect.ts";
import { createIngest } from "./ingest.ts";
import { openWriter, type SqliteDatabase } from "./openDatabase.ts";
import { createRunWork } from "./runWork.ts";

/**
 * Opens a file to build a workspace in.
 *
 * @param secret the workspace's `hash_secret`, in hex.
 */
export function openRestoreTarget(
	file: string,
	config: IdentityConfig,
	secret: string,
): RestoreTarget & { close(): void } {
	mkdirSync(dirname(file), { recursive: true });
	const database = openWriter(file);
	const runWork = createRunWork(database);
	runWork(putMeta("hash_secret", secret));
	const hash = createKeyedHash(Buffer.from(secret, "hex"));
	const ids = createCountedIds();
	const amendments = createAmendments({ dialect: sqliteDialect, config, hash, ids, counts: noDecisions() });
	const ingest = createIngest({ database, runWork, config, ...amendments });
	return {
		run: runWork,
		*transact<T>(steps: () => Steps<T>): Steps<T> {
			database.exec("BEGIN IMMEDIATE");
			try {
				const result = yield* steps();
				database.exec("COMMIT");
				ingest.settle();
				return result;
			} catch (error) {
				if (database.inTransaction) database.exec("ROLLBACK");
				throw error;
			}
		},
		storeEvents: ingest.restore,
		amendments: () => amendments,
		continueNumbers(lastLetter) {
			if (lastLetter === undefined) return;
			database.exec("DELETE FROM sqlite_sequence WHERE name = 'dead_letters'");
			database.prepare("INSERT INTO sqlite_sequence (name, seq) VALUES ('dead_letters', ?)").run(lastLetter);
		},
		close: () => database.close(),
	};
}

/** Builds a workspace's file anew from another one's; see `restore`. */
export function restoreInto(file: string, from: SqliteDatabase, config: IdentityConfig, progress: Progress): void {
	const run = createRunWork(from);
	const target = openRestoreTarget(file, config, run(readMeta("hash_secret")) as string);
	try {
		runSteps(restore({ source: { run, stored: createStoredWorkspace(sqliteDialect) }, target, config, progress }));
	} finally {
		target.close();
	}
}
