import type { IdentityConfig } from "@selfsame/identity";
import { openStore, type Store } from "@selfsame/store";
import type { DatabaseKind } from "./databaseOfRun.ts";
import { type DatabaseOptions, makeDatabase } from "./makeDatabase.ts";

/** A database of one's own, which can be closed and opened again. */
export interface TempStore {
	readonly url: string;
	/** The open store; another object after `reopen`. */
	store: Store;
	reopen(): Promise<void>;
	/** See `TestDatabase`. */
	settle(): Promise<void>;
	/** Closes it and removes it. */
	remove(): Promise<void>;
}

export async function openTempStore(
	identity: IdentityConfig,
	kind?: DatabaseKind,
	options?: DatabaseOptions,
): Promise<TempStore> {
	const { url, settle, drop } = await makeDatabase(kind, options);
	const temp: TempStore = {
		url,
		settle,
		store: await openStore(url, { identity }),
		async reopen() {
			await temp.store.close();
			temp.store = await openStore(url, { identity });
		},
		async remove() {
			await temp.store.close();
			await drop();
		},
	};
	return temp;
}
