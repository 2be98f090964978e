import { openStore, type Store } from "@selfsame/store";
import { parseConfig, readConfig, toIdentityConfig } from "../config.ts";
import { readEnvironment } from "../environment.ts";

/** Opens the store that the environment names, does something with it, and closes it again. Works beside a running server. */
export async function withStore<T>(
	env: Record<string, string | undefined>,
	use: (store: Store) => Promise<T>,
): Promise<T> {
	const { databaseUrl, configFile } = readEnvironment(env);
	const config = configFile ? readConfig(configFile) : parseConfig({});
	const store = await openStore(databaseUrl, { identity: toIdentityConfig(config) });
	try {
		return await use(store);
	} finally {
		await store.close();
	}
}
