import type { EventView, Identifier, Profile, TraitWrite } from "@selfsame/protocol";
import { sqliteFile } from "./maintenance.ts";
import type { StoreOptions } from "./port.ts";
import { openSqliteSnapshot } from "./sqlite/snapshot.ts";

/** What a row of each dataset is. Whatever belongs to a profile names it by `profileId`, so that they join. */
export interface DatasetRows {
	profiles: Profile;
	/** In commit order. `profileId` is null for an event that identifies nobody. */
	events: EventView & { seq: number; profileId: string | null };
	/** Every identifier with the one profile that holds it now. */
	identifiers: Identifier & { profileId: string; firstSeen: string; lastSeen: string };
	/** Every write of every trait. A null `value` removed the key. */
	"trait-history": TraitWrite & { profileId: string | null; key: string };
}

export type Dataset = keyof DatasetRows;

export const datasets: readonly Dataset[] = ["profiles", "events", "identifiers", "trait-history"];

/** A workspace as of one commit, whatever is written meanwhile. To be closed, since it takes room on the disk. */
export interface Snapshot {
	/** How many rows a dataset has. */
	count(dataset: Dataset): number;
	/** All rows of a dataset, page by page: a page is read when it is asked for, so memory does not grow with the rows. */
	pages<D extends Dataset>(dataset: D): AsyncIterable<DatasetRows[D][]>;
	close(): void;
}

/**
 * Takes a snapshot of a workspace, beside a running collector or without one. It reads in the thread that calls it.
 *
 * @throws StorageUnavailableError when the disk has no room for it.
 */
export function openSnapshot(url: string, { identity }: StoreOptions): Promise<Snapshot> {
	return openSqliteSnapshot(sqliteFile(url), identity);
}
