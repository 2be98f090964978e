import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Store } from "@selfsame/store";
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
	if (!existsSync(dirname(target))) throw new Error(`${dirname(target)} is not there. Make it, or name another file.`);
	const write = async (store: Store) => {
		await store.backup(target).catch((error: Error) => {
			const next = "Name a file in a folder that you may write to, on a disk with room for it.";
			throw new Error(`${target} could not be written: ${error.message}. ${next}`);
		});
		console.log(`Wrote ${target}. To restore: stop the server, and start it with DATABASE_URL=file:${target}`);
	};
	// A copy of nothing would be found out on the day that it is needed.
	await withStore(env, write, { mustExist: true });
}
