import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { withStore } from "./withStore.ts";

/** Writes a consistent copy of the database to a new file, beside a running server if there is one. */
export function backup(env: Record<string, string | undefined>, file: string): Promise<void> {
	const target = resolve(file);
	// An older backup may be the only good one: nothing writes over it.
	if (existsSync(target)) throw new Error(`${file} exists already. Name a new file.`);
	return withStore(env, async (store) => {
		await store.backup(target);
		console.log(`Wrote ${target}. To restore: stop the server, and start it with DATABASE_URL=file:${target}`);
	});
}
