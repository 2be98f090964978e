import { existsSync, rmSync } from "node:fs";
import type { IdentityConfig } from "@selfsame/identity";
import { type Dataset, type DatasetRows, IdentityRulesChangedError, type Snapshot } from "../port.ts";
import { createDatasets } from "./datasets.ts";
import { canonicalRules } from "./identityRules.ts";
import { openReader, type SqliteDatabase } from "./openDatabase.ts";
import { copyAsOfNow, removeFiles } from "./snapshotFile.ts";

/** Takes a copy of the workspace's file and reads from that; see `copyAsOfNow` for why. */
export async function openSqliteSnapshot(file: string, config: IdentityConfig): Promise<Snapshot> {
	if (!existsSync(file)) throw new Error(`There is no database at ${file}. DATABASE_URL=file:PATH names another.`);
	const copy = await copyAsOfNow(file);
	const database = openCopy(copy, config);
	const datasets = createDatasets(database, config);
	return {
		count: (dataset) => datasets[dataset].count(),
		async *pages<D extends Dataset>(dataset: D): AsyncGenerator<DatasetRows[D][]> {
			yield* datasets[dataset].pages() as Generator<DatasetRows[D][]>;
		},
		close() {
			database.close();
			removeFiles(copy);
		},
	};
}

function openCopy(copy: string, config: IdentityConfig): SqliteDatabase {
	let database: SqliteDatabase | undefined;
	try {
		database = openReader(copy);
		// Each page is read about once: keeping them would only make memory grow with the database.
		database.pragma("mmap_size = 0");
		database.pragma("cache_size = -16384");
		const rules = database.prepare("SELECT value FROM meta WHERE name = 'identity_rules'").pluck().get();
		if (rules !== canonicalRules(config)) throw new IdentityRulesChangedError();
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
