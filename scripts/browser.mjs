import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import process from "node:process";
import { PlainError } from "./lib/plainError.mjs";
import { root } from "./lib/repository.mjs";
import { runChild } from "./lib/runChild.mjs";

/**
 * `--no-sandbox`: containers rarely allow Chromium's own. The others keep its housekeeping off the network, so that
 * what a test sees on the wire is the page's.
 */
const args = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

const systemBrowsers = [
	"/usr/bin/chromium",
	"/usr/bin/chromium-browser",
	"/usr/bin/google-chrome",
	"/usr/bin/google-chrome-stable",
	"/snap/bin/chromium",
	"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
	"/Applications/Chromium.app/Contents/MacOS/Chromium",
	"C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
];

/**
 * Options for Playwright's `chromium.launch()`: the browser named by `SELFSAME_BROWSER` (a path), else one that was seen
 * to start here: Playwright's own, else the system's. Installs one when there is none: through Playwright, else, as
 * root, through apt-get.
 *
 * @param {{ log?: (line: string) => void }} [options] `log` gets a line for each step that takes a while
 * @returns {Promise<{ executablePath: string, args: string[], headless: true }>}
 * @throws {PlainError} when there is no browser and none can be installed; says what to do
 */
export async function findBrowser({ log = () => {} } = {}) {
	/** @type {string[]} */
	const refusals = [];
	const named = process.env.SELFSAME_BROWSER;
	if (named) {
		if (existsSync(named)) return launchOptions(named);
		throw new PlainError(`SELFSAME_BROWSER names ${named}, which does not exist.`, "Correct it or unset it.");
	}
	const found = await findInstalled(refusals);
	if (found) return launchOptions(found);

	for (const install of [installWithPlaywright, installWithApt]) {
		if (!(await install(log, refusals))) continue;
		const installed = await findInstalled(refusals);
		if (installed) return launchOptions(installed);
	}
	throw new PlainError(
		`No browser to test with, and none could be installed.\n${[...new Set(refusals)].join("\n")}`,
		"Install Chromium or Chrome (on Debian: `sudo apt-get install chromium`), or set SELFSAME_BROWSER to its path.",
	);
}

/** @param {string} executablePath */
function launchOptions(executablePath) {
	return { executablePath, args: [...args], headless: /** @type {const} */ (true) };
}

/** Playwright belongs to the e2e room, so it is found from there. */
function playwright() {
	return createRequire(path.join(root, "e2e", "package.json"));
}

/** @param {string[]} refusals */
async function findInstalled(refusals) {
	const candidates = [playwright()("playwright").chromium.executablePath(), ...systemBrowsers];
	for (const candidate of candidates) {
		if (candidate && existsSync(candidate) && (await starts(candidate, refusals))) return candidate;
	}
	return undefined;
}

/**
 * A browser that is there may still not start (a missing library, another architecture), so it is tried.
 *
 * @param {string} executablePath
 * @param {string[]} refusals
 */
async function starts(executablePath, refusals) {
	try {
		const browser = await playwright()("playwright").chromium.launch({
			...launchOptions(executablePath),
			timeout: 30_000,
		});
		await browser.close();
		return true;
	} catch (error) {
		const lines = String(error instanceof Error ? error.message : error).split("\n");
		refusals.push(`- ${executablePath}: ${lines.slice(0, 3).join(" ").slice(0, 300)}`);
		return false;
	}
}

/**
 * @param {(line: string) => void} log
 * @param {string[]} refusals
 */
async function installWithPlaywright(log, refusals) {
	log("No browser here: installing Chromium through Playwright (about 170 MB) ...");
	const cli = path.join(path.dirname(playwright().resolve("playwright/package.json")), "cli.js");
	return install(process.execPath, [cli, "install", "chromium"], "playwright install chromium", refusals);
}

/**
 * @param {(line: string) => void} log
 * @param {string[]} refusals
 */
async function installWithApt(log, refusals) {
	if (process.getuid?.() !== 0 || spawnSync("apt-get", ["--version"]).status !== 0) return false;
	log("Installing Chromium with apt-get ...");
	await install("apt-get", ["update", "-q"], "apt-get update", refusals);
	return install(
		"apt-get",
		["install", "-y", "-q", "--no-install-recommends", "chromium"],
		"apt-get install chromium",
		refusals,
	);
}

/**
 * @param {string} command
 * @param {string[]} commandArgs
 * @param {string} what
 * @param {string[]} refusals
 */
async function install(command, commandArgs, what, refusals) {
	let output = "";
	const { code } = await runChild(command, commandArgs, {
		timeout: 600_000,
		env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
		onOutput: (text) => {
			output += text;
		},
	});
	if (code !== 0) refusals.push(`- ${what}: ${output.trim().split("\n").slice(-3).join(" ").slice(0, 300)}`);
	return code === 0;
}
