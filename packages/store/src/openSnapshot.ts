import { sqliteFile } from "./maintenance.ts";
import type { Snapshot, StoreOptions } from "./port.ts";
import { isPostgresUrl, readPostgresUrl } from "./postgres/readUrl.ts";
import { openPostgresSnapshot } from "./postgres/snapshot.ts";
import { openSqliteSnapshot } from "./sqlite/snapshot.ts";

/**
 * Takes a snapshot of a workspace, beside a running collector or without one. It reads in the thread that calls it.
 *
 * @throws StorageUnavailableError when the disk has no room for it, or the server is not to be had.
 */
export async function openSnapshot(url: string, { identity }: StoreOptions): Promise<Snapshot> {
	if (isPostgresUrl(url)) return openPostgresSnapshot(readPostgresUrl(url), identity);
	return openSqliteSnapshot(sqliteFile(url), identity);
}
