import { dirname } from "node:path";
import { defineConfig } from "vitest/config";

/** Journeys against what is shipped: built artefacts and running servers. Build first (`npm run build`). */
export default defineConfig({
	test: {
		// As one project of the whole and alone, patterns start at the top of the workspace.
		root: dirname(import.meta.dirname),
		include: ["e2e/**/*.test.ts"],
		// Every file starts servers and a browser; more at once on a small machine only makes all of them slow.
		maxWorkers: 2,
		testTimeout: 120_000,
		hookTimeout: 120_000,
		expect: { poll: { timeout: 40_000 } },
	},
});
