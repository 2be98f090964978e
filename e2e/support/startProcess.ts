import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

export interface ProcessOptions {
	/** Arguments of Node: the built entry first. */
	args: string[];
	env: Record<string, string>;
	/** Where `/health` must answer before the process counts as started. */
	url: string;
	/** Default: where the tests run. */
	cwd?: string;
}

export interface RunningProcess {
	child: ChildProcess;
	/** Everything printed so far, both streams. */
	output(): string;
	/** Ends it at once, as a power cut would. */
	kill(): Promise<void>;
	/** SIGTERM; resolves with the exit code. */
	stop(): Promise<number | null>;
}

/** Node's own settings of the test runner are not the server's. */
const inherited = Object.fromEntries(
	Object.entries(process.env).filter(
		([name]) => !/^(NODE_OPTIONS|VITEST|SELFSAME_|DATABASE_URL|PORT$|HOST$)/.test(name),
	),
);

/** Starts a built entry and waits until it answers. Rejects with its output when it ends before that. */
export async function startProcess({ args, env, url, cwd }: ProcessOptions): Promise<RunningProcess> {
	const child = spawn(process.execPath, args, {
		cwd,
		env: { ...inherited, ...env },
		stdio: ["ignore", "pipe", "pipe"],
	});
	let text = "";
	for (const stream of [child.stdout, child.stderr]) {
		stream.setEncoding("utf8");
		stream.on("data", (chunk: string) => {
			text += chunk;
		});
	}
	// A runner that is interrupted leaves no server behind.
	const killNow = () => child.kill("SIGKILL");
	process.once("exit", killNow);
	const ended = once(child, "exit").finally(() => process.off("exit", killNow));
	const running = () => child.exitCode === null && child.signalCode === null;
	const end = async (signal: NodeJS.Signals) => {
		if (running()) child.kill(signal);
		await ended;
	};
	const deadline = Date.now() + 60_000;
	while (!(await isHealthy(url))) {
		if (!running()) throw new Error(`${args.join(" ")} ended before it answered:\n${text}`);
		if (Date.now() > deadline) {
			await end("SIGKILL");
			throw new Error(`${args.join(" ")} did not answer at ${url}/health within a minute:\n${text}`);
		}
		await sleep(25);
	}
	return {
		child,
		output: () => text,
		kill: () => end("SIGKILL"),
		stop: async () => {
			await end("SIGTERM");
			return child.exitCode;
		},
	};
}

async function isHealthy(url: string): Promise<boolean> {
	try {
		const response = await fetch(`${url}/health`);
		await response.arrayBuffer();
		return response.ok;
	} catch {
		return false;
	}
}
