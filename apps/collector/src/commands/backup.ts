import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { readEnvironment } from "../environment.ts";
import { withStore } from "./withStore.ts";

/** Writes a consistent copy of the database to a new file, beside a running server if there is one. */
export async function backup(env: Record<string, string | undefined>, file: string): Promise<void> {
	if (!readEnvironment(env).databaseUrl.startsWith("file:")) {
		throw new Error(
			"This writes copies of SQLite files. PostgreSQL has its own tools: pg_dump, pg_basebackup, or your provider's backups.",
		);
	}
	const target = resolve(file);
	// An older backup may be the only good one: nothing writes over it.
	if (existsSync(target)) throw new Error(`${file} exists already. Name a new file.`);
	await withStore(env, async (store) => {
		await store.backup(target);
		console.log(`Wrote ${target}. To restore: stop the server, and start it with DATABASE_URL=file:${target}`);
	});
}
