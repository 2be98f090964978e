import { spawn } from "node:child_process";
import process from "node:process";

/** @typedef {{ code: number | null, signal: NodeJS.Signals | null }} ChildEnd */

/** @type {Set<import("node:child_process").ChildProcess>} */
const running = new Set();
let listening = false;

/**
 * Runs a command until it ends, with the signals that this process gets passed on to it.
 * Rejects only when the command cannot be started (its `code` is then `ENOENT` or alike).
 *
 * @param {string} command
 * @param {string[]} args
 * @param {import("node:child_process").SpawnOptions & { onOutput?: (text: string) => void }} [options]
 *   `stdio` is inherited unless `onOutput` is given, which then gets both streams as they come.
 * @returns {Promise<ChildEnd>}
 */
export function runChild(command, args, { onOutput, ...options } = {}) {
	forwardSignals();
	return new Promise((resolve, reject) => {
		const stdio = onOutput ? ["ignore", "pipe", "pipe"] : "inherit";
		const child = spawn(command, args, { stdio: /** @type {any} */ (stdio), ...options });
		running.add(child);
		if (onOutput) {
			child.stdout?.setEncoding("utf8").on("data", onOutput);
			child.stderr?.setEncoding("utf8").on("data", onOutput);
		}
		child.once("error", (error) => {
			running.delete(child);
			reject(error);
		});
		child.once("close", (code, signal) => {
			running.delete(child);
			resolve({ code, signal });
		});
	});
}

/**
 * Ends this process as the child ended: with its exit code, or by the signal that ended it.
 *
 * @param {ChildEnd} end
 */
export function exitLike({ code, signal }) {
	if (signal === null) {
		process.exitCode = code ?? 1;
		return;
	}
	process.removeAllListeners(signal);
	process.kill(process.pid, signal);
}

/** The signal that asked this process to end, once one came. */
export const stopping = { signal: /** @type {NodeJS.Signals | null} */ (null) };

function forwardSignals() {
	if (listening) return;
	listening = true;
	for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) process.on(signal, () => stop(signal));
	// npm runs a script through a shell that dies of a signal without passing it on, and a killed parent passes on
	// nothing at all: without this, ending `npm start` would leave its server running.
	if (!process.env.npm_lifecycle_event) return;
	const parent = process.ppid;
	const watch = setInterval(() => {
		if (process.ppid === parent) return;
		clearInterval(watch);
		stop("SIGTERM");
	}, 500);
	watch.unref();
}

/** @param {"SIGINT" | "SIGTERM" | "SIGHUP"} signal */
function stop(signal) {
	stopping.signal = signal;
	// A terminal sends Ctrl-C to the whole process group: the children have it already, and a second one would read
	// as "quit without draining".
	if (signal === "SIGINT" && process.stdin.isTTY) return;
	for (const child of running) child.kill(signal);
}
