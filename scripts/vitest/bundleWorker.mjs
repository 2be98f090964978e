import { rmSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { build } from "esbuild";
import { cachePath, root } from "../lib/repository.mjs";

/** Threads that tests start by the hundred. */
const workers = ["packages/store/src/sqlite/worker.ts", "apps/collector/src/export/exportWorker.ts"];

/**
 * Vitest's global setup: puts each worker thread into one file, which `loadBundledWorker.mjs` hands to whatever process of
 * the tests starts that thread. Tests open hundreds of stores with two threads each, and a thread that loads the sources
 * and drizzle-orm file by file takes a second of processor time, which the one file takes a tenth of.
 */
export default async function bundleWorkers() {
	/** @type {Record<string, string>} */
	const bundles = {};
	for (const worker of workers) {
		const bundle = cachePath(`${path.basename(worker, ".ts")}-${process.pid}.mjs`);
		await build({
			entryPoints: [path.join(root, worker)],
			outfile: bundle,
			bundle: true,
			platform: "node",
			format: "esm",
			target: "node22",
			conditions: ["@selfsame/source"],
			external: ["better-sqlite3", "pg"],
			sourcemap: "inline",
			logLevel: "error",
		});
		bundles[worker] = bundle;
	}
	// Tests start the command line by the dozen; two thirds of such a start is left when what was compiled is kept.
	process.env.NODE_COMPILE_CACHE ??= cachePath("compiled");
	const before = process.env.NODE_OPTIONS;
	process.env.SELFSAME_TEST_WORKERS = JSON.stringify(bundles);
	process.env.NODE_OPTIONS = `${before ?? ""} --import ${new URL("./loadBundledWorker.mjs", import.meta.url)}`.trim();
	return () => {
		if (before === undefined) delete process.env.NODE_OPTIONS;
		else process.env.NODE_OPTIONS = before;
		for (const bundle of Object.values(bundles)) rmSync(bundle, { force: true });
	};
}
