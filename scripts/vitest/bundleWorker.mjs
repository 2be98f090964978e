import { rmSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { build } from "esbuild";
import { cachePath, root } from "../lib/repository.mjs";

/**
 * Vitest's global setup: puts the store's worker thread into one file, which `loadBundledWorker.mjs` hands to whatever
 * process of the tests starts that thread. Tests open hundreds of stores with two threads each, and a thread that loads
 * the sources and drizzle-orm file by file takes a second of processor time, which the one file takes a tenth of.
 */
export default async function bundleWorker() {
	const bundle = cachePath(`store-worker-${process.pid}.mjs`);
	await build({
		entryPoints: [path.join(root, "packages/store/src/sqlite/worker.ts")],
		outfile: bundle,
		bundle: true,
		platform: "node",
		format: "esm",
		target: "node22",
		conditions: ["@selfsame/source"],
		external: ["better-sqlite3"],
		sourcemap: "inline",
		logLevel: "error",
	});
	const before = process.env.NODE_OPTIONS;
	process.env.SELFSAME_TEST_WORKER = bundle;
	process.env.NODE_OPTIONS = `${before ?? ""} --import ${new URL("./loadBundledWorker.mjs", import.meta.url)}`.trim();
	return () => {
		if (before === undefined) delete process.env.NODE_OPTIONS;
		else process.env.NODE_OPTIONS = before;
		rmSync(bundle, { force: true });
	};
}
