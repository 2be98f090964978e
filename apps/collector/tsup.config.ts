import { cp, mkdir } from "node:fs/promises";
import { defineConfig } from "tsup";

const store = "../../packages/store";
const sdk = "../../packages/sdk";

/** What `/docs` is made of. It is copied, so that whoever installs the package installs none of it. */
const docsFiles = ["swagger-ui.css", "swagger-ui-bundle.js", "swagger-ui-bundle.js.LICENSE.txt", "LICENSE", "NOTICE"];

/**
 * One folder that runs by itself: the workspace's packages are bundled in, the migrations and the browser SDK lie
 * beside them. What stays outside is exactly `dependencies`, which npm installs with the package.
 */
export default defineConfig({
	entry: {
		cli: "src/cli.ts",
		index: "src/index.ts",
		// The store starts its worker from a file beside the bundle: `new URL("./worker.js", import.meta.url)`.
		worker: `${store}/src/sqlite/worker.ts`,
		// And so does an export: `new URL("./exportWorker.js", import.meta.url)`.
		exportWorker: "src/export/exportWorker.ts",
	},
	format: "esm",
	platform: "node",
	target: "node22",
	sourcemap: true,
	clean: true,
	dts: { entry: { index: "src/index.ts" }, resolve: [/^@selfsame\//] },
	// drizzle-orm is bundled too: loaded file by file it takes 200 MB of memory in each thread, in one piece 6 MB.
	noExternal: [/^@selfsame\//, /^drizzle-orm/],
	esbuildOptions(options) {
		options.conditions = ["@selfsame/source", ...(options.conditions ?? [])];
	},
	async onSuccess() {
		await cp(`${store}/drizzle`, "dist/drizzle", { recursive: true });
		await mkdir("dist/public/docs", { recursive: true });
		await cp(`${sdk}/dist/selfsame.js`, "dist/public/selfsame.js");
		for (const file of docsFiles) await cp(`node_modules/swagger-ui-dist/${file}`, `dist/public/docs/${file}`);
	},
});
