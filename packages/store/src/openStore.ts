import type { Store, StoreOptions } from "./port.ts";
import { openSqliteStore } from "./sqlite/sqliteStore.ts";

/**
 * Opens the store that a URL names, creating and migrating it as needed.
 *
 * @param url `file:./data/selfsame.db` (the path is relative to the working directory).
 * @throws IdentityRulesChangedError where the stored profiles were built with other identity rules.
 */
export async function openStore(url: string, options: StoreOptions): Promise<Store> {
	if (url.startsWith("file:")) return openSqliteStore(url.slice("file:".length).replace(/^\/\//, ""), options);
	throw new Error(`DATABASE_URL must begin with file: (for example file:./data/selfsame.db), not ${schemeOf(url)}.`);
}

/** Only the scheme: the rest of a database URL may hold a password. */
function schemeOf(url: string): string {
	return url.includes(":") ? url.slice(0, url.indexOf(":") + 1) : "a bare path";
}
