import type { Store, StoreOptions } from "./port.ts";
import { openPostgresStore } from "./postgres/postgresStore.ts";
import { isPostgresUrl } from "./postgres/readUrl.ts";
import { openSqliteStore } from "./sqlite/sqliteStore.ts";

/**
 * Opens the store that a URL names, creating and migrating it as needed.
 *
 * @param url `file:./data/selfsame.db` (the path is relative to the working directory), or `postgres://...`: see
 *   `readPostgresUrl` for what it may say.
 * @throws IdentityRulesChangedError where the stored profiles were built with other identity rules.
 */
export async function openStore(url: string, options: StoreOptions): Promise<Store> {
	if (url.startsWith("file:")) return openSqliteStore(url.slice("file:".length).replace(/^\/\//, ""), options);
	if (isPostgresUrl(url)) return openPostgresStore(url, options);
	throw new Error(
		`DATABASE_URL must begin with file: (for example file:./data/selfsame.db) or postgres://, not ${schemeOf(url)}.`,
	);
}

/** Only the scheme: the rest of a database URL may hold a password. */
function schemeOf(url: string): string {
	return url.includes(":") ? url.slice(0, url.indexOf(":") + 1) : "a bare path";
}
