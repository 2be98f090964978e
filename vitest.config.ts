import { defineConfig } from "vitest/config";

/** Workspace sources resolve through their own export condition, so no test waits for a build. */
const sources = { conditions: ["@selfsame/source", "module", "node", "import", "default"] };

export default defineConfig({
	resolve: sources,
	ssr: { resolve: { conditions: sources.conditions, externalConditions: sources.conditions } },
	test: {
		include: ["packages/*/{src,test}/**/*.test.ts", "apps/*/{src,test}/**/*.test.ts"],
		testTimeout: 60_000,
		hookTimeout: 60_000,
	},
});
