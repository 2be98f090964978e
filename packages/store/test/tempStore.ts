import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { IdentityConfig } from "@selfsame/identity";
import { openStore, type Store } from "@selfsame/store";
import { type DatabaseKind, databaseOfRun } from "./databaseOfRun.ts";
import { makeSchema } from "./postgres/makeSchema.ts";

/** A database of one's own, which can be closed and opened again. */
export interface TempStore {
	readonly url: string;
	/** The open store; another object after `reopen`. */
	store: Store;
	reopen(): Promise<void>;
	/** Closes it and removes it. */
	remove(): Promise<void>;
}

export async function openTempStore(identity: IdentityConfig, kind: DatabaseKind = databaseOfRun): Promise<TempStore> {
	const { url, drop } = kind === "sqlite" ? makeFile() : await makeSchema();
	const temp: TempStore = {
		url,
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

function makeFile() {
	const directory = mkdtempSync(join(tmpdir(), "selfsame-store-"));
	return {
		url: `file:${join(directory, "selfsame.db")}`,
		drop: async () => rmSync(directory, { recursive: true, force: true }),
	};
}
