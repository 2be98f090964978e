import { resolve } from "node:path";
import type { VerifyReport } from "./compareProfiles.ts";
import type { StoreOptions } from "./port.ts";
import { copyToPostgres } from "./postgres/copy.ts";
import { isPostgresUrl } from "./postgres/readUrl.ts";
import { rebuildPostgres } from "./postgres/rebuild.ts";
import { verifyPostgres } from "./postgres/verify.ts";
import type { Progress } from "./sql/restore.ts";
import { type RebuildReport, rebuildSqlite } from "./sqlite/rebuild.ts";
import { verifySqlite } from "./sqlite/verify.ts";

export type { Difference, VerifyReport } from "./compareProfiles.ts";
export type { Progress } from "./sql/restore.ts";
export type { RebuildReport } from "./sqlite/rebuild.ts";

/** The path of a `file:` URL. */
export function sqliteFile(url: string): string {
	if (!url.startsWith("file:")) throw new Error("This command works on a SQLite file: set DATABASE_URL=file:./path.db");
	return resolve(url.slice("file:".length).replace(/^\/\//, ""));
}

/** Rebuilds every profile from the events alone and compares with what is stored. May run while a collector does. */
export function verifyStore(url: string, { identity }: StoreOptions, progress: Progress): Promise<VerifyReport> {
	if (isPostgresUrl(url)) return verifyPostgres(url, identity, progress);
	return verifySqlite(sqliteFile(url), identity, progress);
}

/** Builds all profiles anew under the given rules. May run while a collector does. */
export async function rebuildStore(
	url: string,
	{ identity }: StoreOptions,
	progress: Progress,
): Promise<RebuildReport> {
	if (!isPostgresUrl(url)) return rebuildSqlite(sqliteFile(url), identity, progress);
	const previous = await rebuildPostgres({ url, config: identity, progress, now: Date.now() });
	return { swapped: true, previous };
}

/**
 * Copies a workspace from a SQLite file to an empty PostgreSQL schema, and compares every profile. Called again, it goes on
 * where it stopped and takes along what the file got since. The file may be in use; nobody can write to the target meanwhile.
 */
export function copyStore(
	{ from, to }: { from: string; to: string },
	{ identity }: StoreOptions,
	progress: Progress,
): Promise<VerifyReport> {
	if (!from.startsWith("file:")) throw new Error("A copy is made from a SQLite file: --from file:./path.db");
	if (!isPostgresUrl(to)) throw new Error("A copy is made in PostgreSQL: --to postgres://USER:PASSWORD@HOST/DATABASE");
	return copyToPostgres({ file: sqliteFile(from), url: to, config: identity, progress, now: Date.now() });
}
