import { spawn } from "node:child_process";
import { join } from "node:path";

export interface RunningClient {
	pid: number;
	/** Resolves once the script has made its calls. */
	called: Promise<void>;
	ended: Promise<{ code: number | null; signal: string | null }>;
	errors(): string;
	kill(signal: NodeJS.Signals): void;
}

/** Runs a script of `apps/` with a runtime, in a process of its own. */
export function runClient(command: string, args: string[], script: string, options: object): RunningClient {
	const child = spawn(command, [...args, join(import.meta.dirname, "apps", script), JSON.stringify(options)], {
		stdio: ["ignore", "pipe", "pipe"],
	});
	let errors = "";
	child.stderr.on("data", (chunk) => {
		errors += chunk;
	});
	const killNow = () => child.kill("SIGKILL");
	process.once("exit", killNow);
	return {
		pid: child.pid as number,
		called: new Promise((resolve) => child.stdout.on("data", () => resolve())),
		ended: new Promise((resolve) =>
			child.on("close", (code, signal) => {
				process.off("exit", killNow);
				resolve({ code, signal });
			}),
		),
		errors: () => errors,
		kill: (signal) => void child.kill(signal),
	};
}
