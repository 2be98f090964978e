import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";

/** A built server that is measured. */
export interface Built {
	process: ChildProcess;
	url: string;
}

/** Starts the build on a database (`file:...`) with these keys, and resolves once it answers. */
export async function startBuilt(databaseUrl: string, keys: { writeKey: string; secretKey: string }): Promise<Built> {
	const port = await freePort();
	const env = {
		...process.env,
		PORT: `${port}`,
		DATABASE_URL: databaseUrl,
		SELFSAME_WRITE_KEY: keys.writeKey,
		SELFSAME_API_KEY: keys.secretKey,
	};
	const cli = fileURLToPath(new URL("../dist/cli.js", import.meta.url));
	const child = spawn(process.execPath, [cli, "start"], { env, stdio: ["ignore", "ignore", "inherit"] });
	const url = `http://127.0.0.1:${port}`;
	for (let tries = 0; tries < 300; tries++) {
		const healthy = await fetch(`${url}/health`).then(
			({ ok }) => ok,
			() => false,
		);
		if (healthy) return { process: child, url };
		await new Promise((resolve) => setTimeout(resolve, 100));
	}
	throw new Error("the collector did not start; run npm run build first");
}

async function freePort(): Promise<number> {
	return new Promise((resolve) => {
		const server = createServer().listen(0, "127.0.0.1", () => {
			const { port } = server.address() as { port: number };
			server.close(() => resolve(port));
		});
	});
}
