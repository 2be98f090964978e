import { existsSync } from "node:fs";
import { openStore, type Store, sqliteFile } from "@selfsame/store";
import { parseConfig, readConfig, toIdentityConfig } from "../config.ts";
import { readEnvironment } from "../environment.ts";

/**
 * Opens the store that the environment names, does something with it, and closes it again. Works beside a running server.
 *
 * @param mustExist whether a SQLite file that is not there is a slip of the pen; else it is made.
 */
export async function withStore<T>(
	env: Record<string, string | undefined>,
	use: (store: Store) => Promise<T>,
	{ mustExist = false }: { mustExist?: boolean } = {},
): Promise<T> {
	const { databaseUrl, configFile } = readEnvironment(env);
	if (mustExist && databaseUrl.startsWith("file:") && !existsSync(sqliteFile(databaseUrl)))
		throw new Error(`There is no database at ${sqliteFile(databaseUrl)}. DATABASE_URL=file:PATH names another.`);
	const config = configFile ? readConfig(configFile) : parseConfig({});
	const store = await openStore(databaseUrl, { identity: toIdentityConfig(config) });
	try {
		return await use(store);
	} finally {
		await store.close();
	}
}
