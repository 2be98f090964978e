/**
 * `npm test`: every check and every test. The last line is `N passed, N failed, N skipped`; exits 1 on any failure.
 * `npm test -- --help` lists the steps.
 */
import path from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { PlainError, runMain } from "./lib/plainError.mjs";
import { prepareWorkspace } from "./lib/prepareWorkspace.mjs";
import { exitLike, stopping } from "./lib/runChild.mjs";
import { bringBrowser, buildStep, packageSteps, sourceSteps, suiteSteps } from "./lib/testSteps.mjs";
import { bringRuntimes } from "./runtimes.mjs";

/** @typedef {import("./lib/commandStep.mjs").Step} Step */

const allSteps = [...sourceSteps, buildStep, ...packageSteps, ...suiteSteps];

const help = `npm test                         every check and test
npm test -- --only=STEP[,STEP]   only these steps (and the build, when they need it)
npm test -- --only=unit PATH     only the test files whose path contains PATH

Steps:
${allSteps.map(({ name, about }) => `  ${name.padEnd(18)} ${about}`).join("\n")}

Environment:
  SELFSAME_TEST_SCALE   how much the expensive suites do, relative to an ordinary run (1): 10 is ten times as much
  TEST_DATABASE_URL     postgres://... of a server for the PostgreSQL suites, which make schemas of their own and drop
                        them; without it they start one that came with the packages
  DATABASE_URL          postgres://...: the suites that fit any database run on that server too, instead of on SQLite
  SELFSAME_BROWSER      path of the Chromium to test with, instead of the one that is found or installed
  SELFSAME_TEST_RUNTIMES  what to fetch from the registry to test the Node client on, beside the Node of this run
                        (node@22): node@22,bun,deno,miniflare is all there are; none when empty
  SELFSAME_RUNTIMES     further directories with such runtimes`;

const totals = { passed: 0, failed: 0, skipped: 0 };
/** @type {string[]} */
const failures = [];

await runMain(async () => {
	const { values, positionals } = parseArguments();
	if (values.help) return console.log(help);
	const chosen = choose(values.only);
	checkScale();
	await prepareWorkspace();
	await runChosen(chosen, positionals);
	if (stopping.signal) return exitLike({ code: null, signal: stopping.signal });

	if (failures.length > 0) console.log(`\nFailed:\n${failures.map((line) => `  - ${line}`).join("\n")}`);
	console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
	process.exitCode = totals.failed > 0 ? 1 : 0;
});

function parseArguments() {
	try {
		return parseArgs({
			allowPositionals: true,
			options: { only: { type: "string", multiple: true }, help: { type: "boolean", short: "h" } },
		});
	} catch (error) {
		throw new PlainError(/** @type {Error} */ (error).message, help);
	}
}

/** @param {string[] | undefined} only */
function choose(only) {
	if (!only) return new Set(allSteps);
	const names = only.flatMap((list) => list.split(",")).filter(Boolean);
	const unknown = names.filter((name) => !allSteps.some((step) => step.name === name));
	if (unknown.length > 0 || names.length === 0) throw new PlainError(`No step "${unknown.join(", ")}".`, help);
	return new Set(allSteps.filter((step) => names.includes(step.name)));
}

function checkScale() {
	const scale = process.env.SELFSAME_TEST_SCALE;
	if (scale && !(Number(scale) > 0)) {
		throw new PlainError(
			`SELFSAME_TEST_SCALE is "${scale}".`,
			"Give a positive number: 1 is an ordinary run, 10 ten times as much.",
		);
	}
}

/**
 * @param {Set<Step>} chosen
 * @param {string[]} filters
 */
async function runChosen(chosen, filters) {
	const pick = (/** @type {Step[]} */ steps) => steps.filter((step) => chosen.has(step));
	if ([...chosen].some(({ name }) => name === "e2e")) {
		await announceBrowser();
		const found = await bringRuntimes(process.env.SELFSAME_TEST_RUNTIMES, console.log);
		process.env.SELFSAME_RUNTIMES = [process.env.SELFSAME_RUNTIMES, ...found].filter(Boolean).join(path.delimiter);
	}
	await runTogether(pick(sourceSteps));

	const rest = [...pick(packageSteps), ...pick(suiteSteps)];
	const needBuild = rest.filter(({ needsBuild }) => needsBuild);
	let isBuilt = true;
	if (chosen.has(buildStep) || needBuild.length > 0) isBuilt = await runStep(buildStep, [], "live");
	if (!isBuilt && needBuild.length > 0) {
		totals.skipped += needBuild.length;
		failures.push(`not run, because the build failed: ${needBuild.map(({ name }) => name).join(", ")}`);
	}
	const runnable = (/** @type {Step[]} */ steps) => pick(steps).filter(({ needsBuild }) => isBuilt || !needsBuild);
	await runTogether(runnable(packageSteps));
	for (const step of runnable(suiteSteps)) await runStep(step, filters, "live");
}

/** Fetching a browser may take minutes, so it comes first and says so; should it fail, the e2e step fails with why. */
async function announceBrowser() {
	const browser = await bringBrowser().catch(() => undefined);
	console.log(browser ? `Browser: ${browser.executablePath}` : "No browser: the e2e step will say why.");
}

/**
 * Two at a time: they are single-threaded for the most part, and small machines have two cores.
 *
 * @param {Step[]} steps
 */
async function runTogether(steps) {
	const queue = [...steps];
	const worker = async () => {
		for (let step = queue.shift(); step; step = queue.shift()) await runStep(step, [], "quiet");
	};
	await Promise.all([worker(), worker()]);
}

/**
 * @param {Step} step
 * @param {string[]} filters
 * @param {"live" | "quiet"} manner whether its output appears while it runs
 * @returns {Promise<boolean>} whether all of it passed
 */
async function runStep(step, filters, manner) {
	if (stopping.signal) return false;
	if (manner === "live") console.log(`\n--- ${step.name}: ${step.about}`);
	const started = performance.now();
	const result = await step.run(filters).catch(asFailure(step));
	totals.passed += result.passed;
	totals.failed += result.failed;
	totals.skipped += result.skipped;
	failures.push(...result.failures);

	const isGood = result.failed === 0;
	const seconds = ((performance.now() - started) / 1000).toFixed(1);
	console.log(`${isGood ? "ok  " : "FAIL"} ${step.name.padEnd(18)} ${seconds.padStart(6)} s  ${step.about}`);
	if (!isGood && result.output) console.log(result.output.trim().replace(/^/gm, "     "));
	return isGood;
}

/**
 * @param {Step} step
 * @returns {(error: Error) => import("./lib/commandStep.mjs").StepResult}
 */
function asFailure(step) {
	return (error) => ({ passed: 0, failed: 1, skipped: 0, failures: [`${step.name}: ${error.message}`] });
}
