import process from "node:process";
import { PlainError } from "./plainError.mjs";
import { bin, root } from "./repository.mjs";
import { runChild } from "./runChild.mjs";

/**
 * How a turbo task is run over the workspace. The output of a room shows only if it failed: a person wants to see
 * which room, not each bundle's size.
 *
 * @param {string} task
 */
export function turboArgs(task) {
	return ["run", task, "--ui=stream", "--output-logs=errors-only", "--continue=dependencies-successful"];
}

/**
 * Builds every room that has a build, in order; turbo skips what did not change.
 *
 * @throws {PlainError} when a room does not build
 */
export async function buildAll() {
	console.log("Building (what did not change comes from the cache) ...");
	const { code, signal } = await runChild(bin("turbo"), turboArgs("build"), {
		cwd: root,
		shell: process.platform === "win32",
	});
	if (signal) throw new PlainError(`The build was stopped by ${signal}.`);
	if (code !== 0) throw new PlainError("The build failed.", "The first error above says which room and why.");
}
