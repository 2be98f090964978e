import process from "node:process";
import { root } from "./repository.mjs";
import { runChild } from "./runChild.mjs";

/**
 * @typedef {object} StepResult
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 * @property {string[]} failures one line for each thing that failed
 * @property {string} [output] what to show of a failed step that printed nothing while it ran
 *
 * @typedef {object} Step
 * @property {string} name
 * @property {string} about what it proves, for people
 * @property {boolean} [needsBuild]
 * @property {(filters: string[]) => Promise<StepResult>} run `filters`: what else stood on the command line
 */

/**
 * A check that a command makes: it counts as one, and passes when the command exits 0.
 *
 * @param {string} name
 * @param {string} about
 * @param {string} command
 * @param {string[]} args
 * @param {{ needsBuild?: boolean, live?: boolean }} [options] `live` shows the output as it comes
 * @returns {Step}
 */
export function commandStep(name, about, command, args, { needsBuild = false, live = false } = {}) {
	return {
		name,
		about,
		needsBuild,
		async run() {
			let output = "";
			const { code, signal } = await runChild(command, args, {
				cwd: root,
				shell: process.platform === "win32",
				onOutput: (text) => {
					if (live) process.stdout.write(text);
					else output += text;
				},
			});
			if (code === 0) return { passed: 1, failed: 0, skipped: 0, failures: [] };
			const how = signal ? `ended by ${signal}` : `exit code ${code}`;
			return { passed: 0, failed: 1, skipped: 0, failures: [`${name} (${about}): ${how}`], output };
		},
	};
}
