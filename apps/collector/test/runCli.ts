import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const cli = fileURLToPath(new URL("../src/cli.ts", import.meta.url));

/** The command line in a process of its own, without any setting of the machine's but those given. */
export function createCli(databaseUrl: string) {
	const children: ChildProcess[] = [];
	const defaults = { DATABASE_URL: databaseUrl, PORT: "0", LOG_LEVEL: "silent" };

	function run(args: string[], env: Record<string, string> = {}, cwd?: string) {
		const child = spawn(process.execPath, ["--conditions=@selfsame/source", cli, ...args], {
			...(cwd === undefined ? {} : { cwd }),
			env: { ...process.env, ...defaults, ...env },
		});
		children.push(child);
		let output = "";
		const add = (chunk: Buffer) => {
			output += chunk;
		};
		child.stdout.on("data", add);
		child.stderr.on("data", add);
		// Not "exit": what was printed may arrive after it.
		const exited = once(child, "close").then(([code]) => ({ code: code as number, output }));
		return { child, exited, output: () => output };
	}

	return {
		run,
		/** Starts the server and waits until it listens. */
		async start(env: Record<string, string> = {}, cwd?: string) {
			const server = run(["start"], env, cwd);
			const url = await new Promise<string>((resolve, reject) => {
				server.child.stdout.on("data", () => {
					const [, found] = /listens on (http:\S+)/.exec(server.output()) ?? [];
					if (found) resolve(found);
				});
				server.exited.then(({ output }) => reject(new Error(output)));
			});
			return { ...server, url };
		},
		/** Ends what still runs. */
		kill(): void {
			for (const child of children) child.kill("SIGKILL");
		},
	};
}
