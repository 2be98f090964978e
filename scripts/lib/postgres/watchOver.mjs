import { spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import process from "node:process";

/** Reads until whoever started it is gone or lets go, then ends the server that may still run, and removes it. */
const script = `
trap '' INT TERM HUP
cat > /dev/null
pid=$(head -n 1 "$1/data/postmaster.pid" 2> /dev/null) && kill -QUIT "$pid" 2> /dev/null
tries=0
while [ -n "$pid" ] && kill -0 "$pid" 2> /dev/null && [ $tries -lt 50 ]; do sleep 0.1; tries=$((tries + 1)); done
rm -rf "$1"`;

/**
 * Sees to it that a server's directory, and the server in it, do not outlive this process: not even where it is killed.
 *
 * @param {string} directory with the server's data in `data`
 */
export function watchOver(directory) {
	if (process.platform === "win32") {
		return { release: () => rm(directory, { recursive: true, force: true, maxRetries: 20 }) };
	}
	const watch = spawn("sh", ["-c", script, "sh", directory], { stdio: ["pipe", "ignore", "ignore"], detached: true });
	const gone = once(watch, "exit");
	watch.unref();
	return {
		/** Ends the server and removes the directory. */
		async release() {
			watch.ref();
			watch.stdin?.end();
			await gone;
		},
	};
}
