import { readFileSync } from "node:fs";
import module from "node:module";
import process from "node:process";

const bundle = process.env.SELFSAME_TEST_WORKER;

// The address stays that of the source, so that what the worker looks for beside itself is there. An older Node, which
// a test may start to see whether something runs there, has no such hooks and no such worker.
module.registerHooks?.({
	load(url, context, nextLoad) {
		if (!bundle || !url.endsWith("/packages/store/src/sqlite/worker.ts")) return nextLoad(url, context);
		return { format: "module", source: readFileSync(bundle), shortCircuit: true };
	},
});
