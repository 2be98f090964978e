#!/usr/bin/env node
/**
 * Runs one task of the house on a machine that has only Node 20 and npm: `node scripts/run.mjs start|test|build|bench`.
 * It finds (or fetches) the newer Node and pnpm and hands over to `scripts/<task>.mjs`. No dependencies: nothing is
 * installed yet when this runs.
 */
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { findToolchain } from "./lib/findToolchain.mjs";
import { PlainError, runMain } from "./lib/plainError.mjs";
import { exitLike, runChild } from "./lib/runChild.mjs";

const scripts = path.dirname(fileURLToPath(import.meta.url));
const tasks = readdirSync(scripts)
	.filter((file) => /^(?:start|test|build|bench)\.mjs$/.test(file))
	.map((file) => path.basename(file, ".mjs"));

await runMain(async () => {
	const [task = "", ...args] = process.argv.slice(2);
	if (!tasks.includes(task)) throw new PlainError(`No task "${task}".`, `There are: ${tasks.join(", ")}.`);
	if (Number(process.versions.node.split(".")[0]) < 20) {
		throw new PlainError(
			`This is Node ${process.version}, and Selfsame needs Node 20 or newer to begin with.`,
			"Install a newer Node from nodejs.org (or with your version manager) and run the same command again.",
		);
	}
	const toolchain = findToolchain();
	if (!existsSync(toolchain.node)) throw new PlainError(`${toolchain.node} is gone; run the same command again.`);
	exitLike(
		await runChild(toolchain.node, [path.join(scripts, `${task}.mjs`), ...args], { env: taskEnv(toolchain.path) }),
	);
});

/** @param {string} searchPath */
function taskEnv(searchPath) {
	/** @type {NodeJS.ProcessEnv} */
	const env = { ...process.env, PATH: searchPath, TURBO_TELEMETRY_DISABLED: "1", DO_NOT_TRACK: "1" };
	// npm hands its own configuration to what it runs; pnpm would warn about every key it does not know.
	for (const name of Object.keys(env))
		if (/^npm_config_/i.test(name) && !/registry|proxy|cafile/i.test(name)) delete env[name];
	return env;
}
