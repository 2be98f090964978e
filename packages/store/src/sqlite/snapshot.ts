import { rmSync } from "node:fs";
import type { IdentityConfig } from "@selfsame/identity";
import { IdentityRulesChangedError, type Snapshot } from "../port.ts";
import { createDatasets } from "../sql/datasets.ts";
import { canonicalRules } from "../sql/identityRules.ts";
import { readMeta } from "../sql/meta.ts";
import { createSnapshot } from "../sql/snapshot.ts";
import { sqliteDialect } from "./dialect.ts";
import { openReader, type SqliteDatabase } from "./openDatabase.ts";
import { createRunWork } from "./runWork.ts";
import { copyAsOfNow, removeFiles } from "./snapshotFile.ts";

/** Takes a copy of the workspace's file and reads from that; see `copyAsOfNow` for why. */
export async function openSqliteSnapshot(file: string, config: IdentityConfig): Promise<Snapshot> {
	const copy = await copyAsOfNow(file);
	const database = openCopy(copy, config);
	const close = async () => {
		database.close();
		removeFiles(copy);
	};
	return createSnapshot(createDatasets(sqliteDialect, config), createRunWork(database), close);
}

function openCopy(copy: string, config: IdentityConfig): SqliteDatabase {
	let database: SqliteDatabase | undefined;
	try {
		database = openReader(copy);
		// Each page is read about once: keeping them would only make memory grow with the database.
		database.pragma("mmap_size = 0");
		database.pragma("cache_size = -16384");
		if (createRunWork(database)(readMeta("identity_rules")) !== canonicalRules(config))
			throw new IdentityRulesChangedError();
		// Held to the end, so that nobody takes the copy for one that was left behind.
		database.exec("BEGIN; SELECT 1 FROM meta");
		dropName(copy);
		return database;
	} catch (error) {
		database?.close();
		removeFiles(copy);
		throw error;
	}
}

/** Without a name the bytes are gone with the last that has it open, even when the process is killed. */
function dropName(copy: string): void {
	try {
		rmSync(copy);
	} catch {
		// Windows keeps the name of a file in use; then closing removes it.
	}
}
