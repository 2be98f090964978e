import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

export interface Runtime {
	name: string;
	command: string;
	/** Before the script. */
	args: string[];
}

/**
 * The runtimes that the client promises to run on: every `node`, `bun` and `deno` on the PATH, and in
 * `SELFSAME_RUNTIMES`, a list of further directories, where `npm test` has put what it fetched.
 */
export function findRuntimes(): Runtime[] {
	const found = new Map<string, Runtime>();
	const add = (kind: string, command: string, args: string[]) => {
		try {
			const version = execFileSync(command, ["--version"], { encoding: "utf8" }).match(/\d+\.\d+\.\d+/)?.[0];
			const name = `${kind} ${version}`;
			if (version && !found.has(name)) found.set(name, { name, command, args });
		} catch {
			// Not for this machine.
		}
	};
	add("node", process.execPath, []);
	const directories = `${process.env.SELFSAME_RUNTIMES ?? ""}${delimiter}${process.env.PATH ?? ""}`.split(delimiter);
	for (const directory of directories.filter(Boolean)) {
		if (existsSync(join(directory, "node"))) add("node", join(directory, "node"), []);
		if (existsSync(join(directory, "bun"))) add("bun", join(directory, "bun"), []);
		if (existsSync(join(directory, "deno"))) add("deno", join(directory, "deno"), ["run", "-A", "--no-check"]);
	}
	return [...found.values()];
}
