import { existsSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { bin, cachePath, root } from "./repository.mjs";
import { runChild } from "./runChild.mjs";

/** @typedef {import("./commandStep.mjs").StepResult} StepResult */

/**
 * The tests of one vitest project: each test case counts as one. The output is shown as it comes.
 *
 * @param {string} project
 * @param {string} about
 * @param {{ needsBuild?: boolean, env?: () => Promise<NodeJS.ProcessEnv> }} [options] `env`: what the tests need in their
 *   environment besides ours
 * @returns {import("./commandStep.mjs").Step}
 */
export function vitestStep(project, about, { needsBuild = false, env = async () => ({}) } = {}) {
	return {
		name: project,
		about,
		needsBuild,
		async run(filters) {
			const report = cachePath(`vitest-${project}.json`);
			rmSync(report, { force: true });
			const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
			const { code, signal } = await runChild(bin("vitest"), ["run", "--project", project, ...reporters, ...filters], {
				cwd: root,
				shell: process.platform === "win32",
				env: { ...process.env, ...(await env()) },
			});
			return countTests(project, report, signal ? `ended by ${signal}` : `exit code ${code}`, code === 0);
		},
	};
}

/**
 * @param {string} project
 * @param {string} report path of vitest's JSON report
 * @param {string} how how the run ended, for people
 * @param {boolean} isSuccess whether vitest itself was content
 * @returns {StepResult}
 */
function countTests(project, report, how, isSuccess) {
	/** @type {StepResult} */
	const result = { passed: 0, failed: 0, skipped: 0, failures: [] };
	const files = existsSync(report) ? JSON.parse(readFileSync(report, "utf8")).testResults : [];
	for (const file of files) {
		const name = path.relative(root, file.name);
		for (const test of file.assertionResults) {
			if (test.status === "passed") result.passed++;
			else if (test.status === "failed") fail(result, `${project}: ${name} > ${test.fullName}`);
			else result.skipped++;
		}
		const hasFailedTest = file.assertionResults.some(
			(/** @type {{ status: string }} */ { status }) => status === "failed",
		);
		// A file that did not load, or whose hooks failed, has no failed test to its name.
		if (file.status === "failed" && !hasFailedTest)
			fail(result, `${project}: ${name} could not run: ${String(file.message).split("\n")[0]}`);
	}
	// Unhandled errors, no tests at all, a crash: vitest is not content though no test says so.
	if (!isSuccess && result.failed === 0) fail(result, `${project}: the run failed outside its tests (${how})`);
	if (isSuccess && result.passed === 0) fail(result, `${project}: no test passed`);
	return result;
}

/**
 * @param {StepResult} result
 * @param {string} line
 */
function fail(result, line) {
	result.failed++;
	result.failures.push(line);
}
