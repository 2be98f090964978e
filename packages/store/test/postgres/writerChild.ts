import process from "node:process";
import type { IdentityConfig } from "@selfsame/identity";
import { openStore, type Store } from "@selfsame/store";

/** A call of a store, by its place among those that the process opened. */
export type WriterCall = { call: number; store: number; method: "ingest" | "correct"; args: unknown[] };
export type WriterAnswer = { call: number; result: unknown } | { call: number; error: string };

/** Opens the stores that its arguments name, and then does what it is told, all at once. */
const places = JSON.parse(process.argv[2] as string) as { url: string; identity: IdentityConfig }[];
const stores: Store[] = await Promise.all(places.map(({ url, identity }) => openStore(url, { identity })));

process.on("message", async ({ call, store, method, args }: WriterCall) => {
	try {
		const write = stores[store]?.[method] as (...args: unknown[]) => Promise<unknown>;
		process.send?.({ call, result: await write(...args) } satisfies WriterAnswer);
	} catch (error) {
		process.send?.({ call, error: String(error) } satisfies WriterAnswer);
	}
});
process.on("disconnect", async () => {
	await Promise.all(stores.map((store) => store.close()));
});
process.send?.({ call: 0, result: null } satisfies WriterAnswer);
