import { readFileSync } from "node:fs";
import module from "node:module";
import process from "node:process";

/** By the path of the source. @type {[string, string][]} */
const bundles = Object.entries(JSON.parse(process.env.SELFSAME_TEST_WORKERS ?? "{}"));

// The address stays that of the source, so that what the worker looks for beside itself is there. An older Node, which
// a test may start to see whether something runs there, has no such hooks and no such worker.
module.registerHooks?.({
	load(url, context, nextLoad) {
		const bundle = bundles.find(([source]) => url.endsWith(`/${source}`))?.[1];
		if (!bundle) return nextLoad(url, context);
		return { format: "module", source: readFileSync(bundle), shortCircuit: true };
	},
});
