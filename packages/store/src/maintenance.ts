import { resolve } from "node:path";
import type { VerifyReport } from "./compareProfiles.ts";
import type { StoreOptions } from "./port.ts";
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
	return verifySqlite(sqliteFile(url), identity, progress);
}

/** Builds all profiles anew under the given rules. May run while a collector does. */
export async function rebuildStore(
	url: string,
	{ identity }: StoreOptions,
	progress: Progress,
): Promise<RebuildReport> {
	return rebuildSqlite(sqliteFile(url), identity, progress);
}
