import { dirname } from "node:path";
import { defineConfig } from "vitest/config";

/** Journeys against what is shipped: built artefacts and running servers. Build first (`npm run build`). */
export default defineConfig({
	test: {
		// As one project of the whole and alone, patterns start at the top of the workspace.
		root: dirname(import.meta.dirname),
		include: ["e2e/**/*.test.ts"],
		// Every file starts servers and a browser of its own and measures what they do: one after the other.
		maxWorkers: 1,
		testTimeout: 120_000,
		hookTimeout: 120_000,
		expect: { poll: { timeout: 40_000 } },
	},
});
