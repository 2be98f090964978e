import { sqliteFile } from "./maintenance.ts";
import type { Snapshot, StoreOptions } from "./port.ts";
import { openSqliteSnapshot } from "./sqlite/snapshot.ts";

/**
 * Takes a snapshot of a workspace, beside a running collector or without one. It reads in the thread that calls it.
 *
 * @throws StorageUnavailableError when the disk has no room for it.
 */
export function openSnapshot(url: string, { identity }: StoreOptions): Promise<Snapshot> {
	return openSqliteSnapshot(sqliteFile(url), identity);
}
