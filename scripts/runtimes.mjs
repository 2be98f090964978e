import { existsSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { root } from "./lib/repository.mjs";
import { runChild } from "./lib/runChild.mjs";

const directory = path.join(root, "node_modules", ".cache", "selfsame-runtimes");

/**
 * Fetches what the Node client is tested on beside the Node that runs the tests: packages of the registry that bring a
 * runtime. Without one the tests of that runtime are left out.
 *
 * @param {string | undefined} wanted names with versions and commas between; `SELFSAME_TEST_RUNTIMES`, default `node@22`
 * @param {(line: string) => void} log gets a line for each step that takes a while, and for what could not be had
 * @returns {Promise<string[]>} directories to look for them in
 */
export async function bringRuntimes(wanted = "node@22", log = () => {}) {
	const missing = wanted
		.split(",")
		.map((name) => name.trim())
		.filter((name) => name && !existsSync(path.join(directory, "node_modules", name.replace(/(.)@.*/, "$1"))));
	if (missing.length > 0) {
		log(`Fetching ${missing.join(", ")} for the tests of the Node client ...`);
		const npm = process.platform === "win32" ? "npm.cmd" : "npm";
		const install = ["install", "--prefix", directory, "--no-audit", "--no-fund", "--loglevel=error", ...missing];
		const ended = runChild(npm, install, { timeout: 300_000, onOutput: () => {} });
		const { code } = await ended.catch(() => ({ code: null }));
		if (code !== 0) log(`${missing.join(", ")} could not be had: the tests of the Node client go without.`);
	}
	return [path.join(directory, "node_modules", ".bin"), path.join(directory, "node_modules")];
}
