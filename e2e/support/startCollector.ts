import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builtEntry } from "./builtEntry.ts";
import { freePort } from "./freePort.ts";
import { createProfileApi, type ProfileApi } from "./profileApi.ts";
import { type RunningProcess, startProcess } from "./startProcess.ts";

export interface CollectorOptions {
	/** Further environment variables of the server. */
	env?: Record<string, string>;
}

/** A built collector on a database of its own. */
export interface RunningCollector {
	/** Such as `http://127.0.0.1:40123`; the same after a restart. */
	url: string;
	/** Believed: its source is a server's. */
	writeKey: string;
	/** Opens the profile API. */
	secretKey: string;
	/** Holds the database. */
	directory: string;
	profiles: ProfileApi;
	/** The process id since the last start. */
	pid(): number | undefined;
	/** Everything printed since the last start. */
	output(): string;
	/** `kill -9`. */
	kill(): Promise<void>;
	/** Starts it again on the same port and the same file, after `kill` or `stop`. */
	restart(): Promise<void>;
	/** SIGTERM; resolves with the exit code, which is 0 for an orderly end. */
	stop(): Promise<number | null>;
	/** Ends it and removes its directory. */
	close(): Promise<void>;
}

/** Starts `selfsame start` from its build, with a SQLite file in a directory of its own, on a free port. */
export async function startCollector({ env = {} }: CollectorOptions = {}): Promise<RunningCollector> {
	const directory = await mkdtemp(join(tmpdir(), "selfsame-e2e-"));
	const port = await freePort();
	const url = `http://127.0.0.1:${port}`;
	const writeKey = "wk_e2e_0123456789abcdefghijklmnop";
	const secretKey = "sk_e2e_0123456789abcdefghijklmnop";
	const start = () =>
		startProcess({
			args: [builtEntry("apps/collector/dist/cli.js"), "start"],
			cwd: directory,
			url,
			env: {
				HOST: "127.0.0.1",
				PORT: String(port),
				DATABASE_URL: `file:${join(directory, "selfsame.db")}`,
				SELFSAME_WRITE_KEY: writeKey,
				SELFSAME_API_KEY: secretKey,
				...env,
			},
		});
	let running: RunningProcess = await start();
	return {
		url,
		writeKey,
		secretKey,
		directory,
		profiles: createProfileApi(url, secretKey),
		pid: () => running.child.pid,
		output: () => running.output(),
		kill: () => running.kill(),
		restart: async () => {
			running = await start();
		},
		stop: () => running.stop(),
		close: async () => {
			await running.kill();
			await rm(directory, { recursive: true, force: true });
		},
	};
}
