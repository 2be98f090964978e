/**
 * The import arrows of the house. Whatever a rule forbids, it forbids for types too: a type is a dependency of
 * the reader's mind. (That protocol's main entry imports nothing at run time is checked in
 * scripts/checks/roomRules.mjs, because that rule alone needs to tell `import type` from `import { type X }`.)
 */

/** What each room may import, besides itself. Directions, not conveniences: add an arrow only with a reason. */
const arrows = {
	"packages/protocol": [],
	"packages/sdk": ["packages/protocol"],
	"packages/identity": ["packages/protocol"],
	"packages/store": ["packages/identity", "packages/protocol"],
	"apps/collector": ["packages/store", "packages/identity", "packages/protocol"],
	"apps/console": ["packages/protocol"],
	"apps/demo": ["packages/protocol", "packages/sdk", "apps/collector"],
	e2e: ["packages/protocol", "packages/sdk", "apps/collector", "apps/demo"],
};

const anyRoom = "^(?:(?:packages|apps)/[^/]+|e2e)/";
const within = (rooms) => rooms.map((room) => `^${room}/`);

const arrowRules = Object.entries(arrows).map(([room, allowed]) => ({
	name: `arrows-${room.split("/").pop()}`,
	comment: `${room} may import ${allowed.join(", ") || "no other room"}.`,
	severity: "error",
	from: { path: `^${room}/` },
	to: { path: anyRoom, pathNot: within([room, ...allowed]) },
}));

const databases =
	"(?:^|/node_modules/)(?:drizzle-orm|drizzle-kit|better-sqlite3|sqlite3|postgres|pg|pg-[^/]+|@electric-sql/[^/]+|@libsql/[^/]+|kysely|knex)(?:/|$)|^(?:node:)?sqlite$";

module.exports = {
	forbidden: [
		...arrowRules,
		{
			name: "rooms-by-name",
			comment: "Another room is imported by its package name, so that its `exports` decide what is public.",
			severity: "error",
			from: { path: "^(packages|apps)/([^/]+)/" },
			to: { path: anyRoom, pathNot: "^$1/$2/", dependencyTypes: ["local"] },
		},
		{
			name: "e2e-built-only",
			comment: "e2e meets the built artefacts and running servers, never the source of a room.",
			severity: "error",
			from: { path: "^e2e/" },
			to: { path: "^(?:packages|apps)/[^/]+/(?!dist/)", dependencyTypes: ["local"] },
		},
		{
			name: "no-cycles",
			comment: "Two files that import each other are one file.",
			severity: "error",
			from: {},
			to: { circular: true },
		},
		{
			name: "resolvable",
			comment: "The import leads nowhere: a wrong path, or a package that this room does not declare.",
			severity: "error",
			from: {},
			// What other rooms build is not there yet when the arrows are checked.
			to: { couldNotResolve: true, pathNot: "(?:^|/)dist/" },
		},
		{
			name: "sdk-core-runs-anywhere",
			comment: "sdk/src/core imports itself and the wire types: no Node module, no package, no browser or node half.",
			severity: "error",
			from: { path: "^packages/sdk/src/core/" },
			to: { pathNot: "^packages/(?:sdk/src/core|protocol/src)/" },
		},
		{
			name: "sdk-browser-no-node",
			comment: "The browser half of the SDK has no Node modules.",
			severity: "error",
			from: { path: "^packages/sdk/src/browser/" },
			to: { pathNot: "^packages/(?:sdk/src/(?:core|browser)|protocol/src)/" },
		},
		{
			name: "sdk-no-packages",
			comment: "The SDK ships no dependencies: it imports itself, the wire types and, off the browser, Node.",
			severity: "error",
			from: { path: "^packages/sdk/src/(?!react/)" },
			to: { pathNot: "^packages/(?:sdk|protocol)/src/", dependencyTypesNot: ["core"] },
		},
		{
			name: "sdk-react-only",
			comment:
				"The entry for React pages may import React, which is there already (an optional peer), and nothing more.",
			severity: "error",
			from: { path: "^packages/sdk/src/react/" },
			to: {
				pathNot: [
					"^packages/sdk/src/(?:core|browser|react)/",
					"^packages/protocol/src/",
					"/node_modules/(?:@types/)?react/",
				],
			},
		},
		{
			name: "sdk-no-validators",
			comment: "The validators are for the server; the SDK knows only the wire types.",
			severity: "error",
			from: { path: "^packages/sdk/src/" },
			to: { path: "^packages/protocol/src/schema/" },
		},
		{
			name: "identity-pure",
			comment: "identity decides from facts alone: no Node module, no package but the wire types.",
			severity: "error",
			from: { path: "^packages/identity/src/" },
			to: { pathNot: ["^packages/identity/src/", "^packages/protocol/src/(?!schema/)"] },
		},
		{
			name: "sql-in-store",
			comment: "Only the store knows a database.",
			severity: "error",
			from: { path: anyRoom, pathNot: "^packages/store/" },
			to: { path: databases },
		},
	],
	options: {
		tsPreCompilationDeps: true,
		detectProcessBuiltinModuleCalls: true,
		doNotFollow: { path: "(?:^|/)node_modules/" },
		exclude: { path: "^(?:packages|apps)/[^/]+/(?:dist|\\.turbo)/" },
		enhancedResolveOptions: {
			exportsFields: ["exports"],
			conditionNames: ["@selfsame/source", "import", "require", "node", "default", "types"],
			extensions: [".ts", ".tsx", ".mts", ".js", ".mjs", ".cjs", ".json", ".d.ts"],
		},
	},
};
