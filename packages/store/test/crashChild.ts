import { createInterface } from "node:readline";
import type { IdentityConfig } from "@selfsame/identity";
import { openStore } from "@selfsame/store";
import type { CrashCall } from "./crash.test.ts";

/** Makes the calls that come as JSON lines, all at once, and prints the number of each that resolved. */
const [url = "", identity = "{}"] = process.argv.slice(2);
const store = await openStore(url, { identity: JSON.parse(identity) as IdentityConfig });
process.stdout.write("ready\n");

async function make(call: CrashCall): Promise<void> {
	if (call.kind === "ingest") await store.ingest(call.events);
	else if (call.kind === "correct") await store.correct(call.correction, call.by);
	else await store.deleteProfile(call.of, { suppress: call.suppress, dryRun: false }, call.by);
	process.stdout.write(`${call.number}\n`);
}

for await (const line of createInterface({ input: process.stdin })) void make(JSON.parse(line));
