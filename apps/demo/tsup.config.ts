import { defineConfig } from "tsup";

/**
 * The collector is not bundled in: it is imported as it was built, because its worker, its migrations and the browser
 * SDK lie beside it. The shop's style sheet and scripts stay in `public`.
 */
export default defineConfig({
	entry: { index: "src/index.ts", dev: "src/dev.ts" },
	format: "esm",
	platform: "node",
	target: "node22",
	sourcemap: true,
	clean: true,
	external: ["@selfsame/collector"],
});
