import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

/**
 * Workspace sources resolve through their own export condition, so no unit test waits for a build. Not `import`: Node adds
 * that where something is imported, and here it would hold for `require` too.
 */
const sources = ["@selfsame/source", "module", "node", "default"];

/** Real servers and real files take their time on a small machine; no test asserts on it. */
const patience = { testTimeout: 60_000, hookTimeout: 60_000, expect: { poll: { timeout: 30_000 } } };

export default defineConfig({
	test: {
		projects: [
			{
				resolve: { conditions: sources },
				ssr: { resolve: { conditions: sources, externalConditions: sources } },
				test: {
					name: "unit",
					include: ["{packages,apps}/*/{src,test}/**/*.test.ts", "scripts/test/**/*.test.ts"],
					globalSetup: ["scripts/vitest/bundleWorker.mjs", "scripts/vitest/offerPostgres.mjs"],
					// Much of a test is waiting for a disk or a process: two files at a time even where there is one core.
					maxWorkers: Math.max(2, availableParallelism() - 1),
					...patience,
				},
			},
			// The room's own settings. Without the source condition: the journeys meet what was built.
			{ extends: "./e2e/vitest.config.ts", test: { name: "e2e" } },
		],
	},
});
