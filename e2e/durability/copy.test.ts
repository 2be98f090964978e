import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RunningPostgres, startPostgres } from "../../scripts/postgres.mjs";
import { builtEntry } from "../support/builtEntry.ts";
import { createRandom } from "../support/random.ts";
import { type RunningCollector, startCollector } from "../support/startCollector.ts";
import { createWriter } from "./createWriter.ts";
import { expectExactly } from "./expectStored.ts";

/** More than are copied at a time. */
const enough = 4_000;

let server: RunningPostgres;
let old: RunningCollector;
let moved: RunningCollector | undefined;
beforeAll(async () => {
	server = await startPostgres({ isDurable: true });
	old = await startCollector();
});
afterAll(async () => {
	await old?.close();
	await moved?.close();
	await server?.stop();
});

/** Runs `selfsame copy` from its build. @param isSeen is told all that it printed; when it says so, `kill -9`. */
async function copy(
	isSeen: (output: string) => boolean = () => false,
): Promise<{ code: number | null; output: string }> {
	const from = `file:${join(old.directory, "selfsame.db")}`;
	const args = [builtEntry("apps/collector/dist/cli.js"), "copy", "--from", from];
	const child = spawn(process.execPath, args, { env: { ...process.env, DATABASE_URL: server.url } });
	let output = "";
	for (const stream of [child.stdout, child.stderr]) {
		stream.setEncoding("utf8").on("data", (text) => {
			output += text;
			if (isSeen(output)) child.kill("SIGKILL");
		});
	}
	const [code] = await once(child, "close");
	return { code, output };
}

test("selfsame copy under load, killed with kill -9 and called again: PostgreSQL has every event once", async () => {
	const random = createRandom("copy");
	// Writers follow to where the workspace goes.
	const where = { ...old };
	const load = Array.from({ length: 6 }, (_, index) => createWriter(where, random, `writer-${index}`));
	const running = load.map((writer) => writer.run());
	const acknowledged = () => load.reduce((sum, writer) => sum + writer.acknowledged.size, 0);
	await expect.poll(acknowledged).toBeGreaterThan(enough);

	const killed = await copy((output) => /\([1-9]\d* of \d+ events copied\)/.test(output));
	expect(killed.code, killed.output).toBe(null);
	const first = await copy();
	expect(first.code, first.output).toBe(0);
	expect(first.output, "it goes on where it was killed").not.toContain("(0 of");
	await old.stop();
	for (const writer of load) writer.stop();
	await Promise.all(running);

	const last = await copy();
	expect(last.code, last.output).toBe(0);
	expect(last.output).toContain("6 profiles. Every profile is the same.");
	moved = await startCollector({ env: { DATABASE_URL: server.url } });
	where.url = moved.url;
	for (const writer of load) await writer.resend();
	await expectExactly(moved, load);
});
