import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { IdentityConfig } from "@selfsame/identity";
import { openStore, type Store } from "@selfsame/store";

/** A database file of one's own, which can be closed and opened again. */
export interface TempStore {
	readonly url: string;
	/** The open store; another object after `reopen`. */
	store: Store;
	reopen(): Promise<void>;
	/** Closes it and removes its directory. */
	remove(): Promise<void>;
}

export async function openTempStore(identity: IdentityConfig): Promise<TempStore> {
	const directory = mkdtempSync(join(tmpdir(), "selfsame-store-"));
	const url = `file:${join(directory, "selfsame.db")}`;
	const temp: TempStore = {
		url,
		store: await openStore(url, { identity }),
		async reopen() {
			await temp.store.close();
			temp.store = await openStore(url, { identity });
		},
		async remove() {
			await temp.store.close();
			rmSync(directory, { recursive: true, force: true });
		},
	};
	return temp;
}
