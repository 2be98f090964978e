// Two copies of the module in one process, as ESM and CommonJS side by side would be.
import { createClient } from "../../../src/node/index.ts";

const copy = (await import(
	`../../../src/node/exitHooks.ts?copy=${process.pid}`
)) as typeof import("../../../src/node/exitHooks.ts");
const { host, count } = JSON.parse(process.argv[2] as string) as { host: string; count: number };
const client = createClient({ writeKey: "WK", host, flushInterval: 60_000 });
for (let i = 0; i < count; i++) client.track({ userId: `u${i % 97}`, event: "E" });
copy.hookExit({ size: 0, flush: async () => ({ pending: 0 }) }, 1_000);
setInterval(() => {}, 1_000);
process.stdout.write("called\n");
