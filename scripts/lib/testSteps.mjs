import process from "node:process";
import { findBrowser } from "../browser.mjs";
import { turboArgs } from "./buildAll.mjs";
import { commandStep } from "./commandStep.mjs";
import { bin } from "./repository.mjs";
import { vitestStep } from "./vitestStep.mjs";

const node = process.execPath;
const ourChecks = "scripts/checks/check.mjs";

/** Reads the source as it stands; two at a time. */
export const sourceSteps = [
	commandStep("types", "every room compiles, strictly", bin("turbo"), turboArgs("types")),
	commandStep("scripts", "so do the scripts", bin("tsc"), ["-p", "scripts"]),
	commandStep("lint", "biome: lint and format", bin("biome"), ["ci", "--error-on-warnings", "--colors=off", "."]),
	commandStep("arrows", "imports go one way", bin("depcruise"), [
		"--config",
		".dependency-cruiser.cjs",
		...["packages", "apps", "e2e", "scripts"],
	]),
	commandStep("rooms", "each room keeps its rule", node, [ourChecks, "rooms"]),
	commandStep("manifests", "the SDK has no dependencies, nothing names a registry", node, [ourChecks, "manifests"]),
	commandStep("knip", "no dead files, exports or dependencies", bin("knip"), ["--no-progress"]),
];

export const buildStep = commandStep("build", "every room builds", bin("turbo"), turboArgs("build"), { live: true });

const built = { needsBuild: true };

const attwArgs = [
	...["--pack", "packages/sdk"],
	// Subpath exports are all the SDK has, and the resolution of Node 10 knows none.
	...["--profile", "node16"],
	// Files for script tags: nobody imports them.
	...["--exclude-entrypoints", "selfsame.js", "stub.js"],
];

/** Reads what was built, as people would install it; two at a time. */
export const packageSteps = [
	commandStep("publint-sdk", "the SDK's package is well formed", bin("publint"), ["packages/sdk", "--strict"], built),
	commandStep(
		"publint-collector",
		"the collector's package is well formed",
		bin("publint"),
		["apps/collector", "--strict"],
		built,
	),
	commandStep("attw", "the SDK's types fit what it runs", bin("attw"), attwArgs, built),
	commandStep("size", "the browser bundle stays small", bin("size-limit"), [], built),
];

/** @type {ReturnType<typeof findBrowser> | undefined} */
let browser;

/** Finds (or installs) the browser once, so that no test file has to. */
export function bringBrowser() {
	browser ??= findBrowser({ log: console.log });
	return browser;
}

/** Runs the code; one at a time, with their output shown. */
export const suiteSteps = [
	vitestStep("unit", "unit, property and contract tests"),
	vitestStep("e2e", "journeys in a real browser, faults against the built server", {
		needsBuild: true,
		env: async () => ({ SELFSAME_BROWSER: (await bringBrowser()).executablePath }),
	}),
];
