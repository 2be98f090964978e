import { execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createCli } from "./runCli.ts";

/** The kernel gives the running process no further descriptor (RLIMIT_NOFILE). Linux has the tool for that. */
const canLimit = spawnSync("prlimit", ["--version"]).status === 0;

let directory: string;
let cli: ReturnType<typeof createCli>;
const sockets: Socket[] = [];
beforeEach(() => {
	directory = mkdtempSync(join(tmpdir(), "selfsame-files-"));
	cli = createCli(`file:${join(directory, "selfsame.db")}`);
});
afterEach(() => {
	for (const socket of sockets.splice(0)) socket.destroy();
	cli.kill();
	rmSync(directory, { recursive: true, force: true });
});

/** A connection on which requests follow one another, each answered with its status. */
async function open(port: number) {
	const socket = connect(port, "127.0.0.1");
	sockets.push(socket);
	let answer = "";
	socket.on("data", (chunk) => {
		answer += chunk.toString("latin1");
	});
	socket.on("error", () => {});
	await once(socket, "connect");
	const isWhole = () => {
		const [head = "", body] = answer.split("\r\n\r\n");
		return body !== undefined && body.length >= Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
	};
	return async (line: string, { key = "secret", body = "" } = {}): Promise<number> => {
		answer = "";
		const head = `${line} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\ncontent-length: ${body.length}\r\n\r\n`;
		socket.write(head + body);
		await expect.poll(isWhole).toBe(true);
		return Number(answer.slice(9, 12));
	};
}

describe.skipIf(!canLimit)("a process without a further descriptor", () => {
	it("drops connections, answers 503 where it needs a file, takes events, and recovers by itself", async () => {
		const { url, child } = await cli.start({ SELFSAME_WRITE_KEY: "write", SELFSAME_API_KEY: "secret" });
		const port = Number(new URL(url).port);
		const ask = await open(port);
		const event = JSON.stringify({ type: "track", event: "Held", userId: "u1" });
		const send = () => ask("POST /v1/track", { key: "write", body: event });
		const limit = (count: string) => execFileSync("prlimit", [`--pid=${child.pid}`, `--nofile=${count}:`]);
		// The file is open in both threads that read and write it.
		expect(await send()).toBe(200);
		expect(await ask("GET /v1/stats")).toBe(200);
		limit(`${readdirSync(`/proc/${child.pid}/fd`).length}`);

		// These take what is left below the limit; those past it are closed.
		let closed = 0;
		for (let count = 0; count < 64; count++) {
			const late = connect(port, "127.0.0.1");
			sockets.push(late);
			late.on("error", () => {}).on("close", () => closed++);
			late.resume();
		}
		await expect.poll(() => closed).toBeGreaterThan(0);
		for (const path of ["/docs/swagger-ui-bundle.js", "/v1/export/events"]) expect(await ask(`GET ${path}`)).toBe(503);
		expect(await send()).toBe(200);

		limit("1024");
		for (const path of ["/docs/swagger-ui-bundle.js", "/health"]) expect(await ask(`GET ${path}`)).toBe(200);
		const next = await open(port);
		expect(await next("GET /v1/profiles/user_id:u1")).toBe(200);
		expect(await next("GET /ready")).toBe(200);
	});
});
