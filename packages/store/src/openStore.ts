import type { Store, StoreOptions } from "./port.ts";

/** Opens the store that a URL names: `file:./data/selfsame.db` or `postgres://...`. Migrates it first. */
export async function openStore(_url: string, _options: StoreOptions): Promise<Store> {
	throw new Error("not built yet");
}
