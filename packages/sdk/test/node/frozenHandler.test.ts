import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { startFaultSink } from "./faultSink.ts";

const scale = Number(process.env.SELFSAME_TEST_SCALE ?? 1);
const COUNT = 4 * scale;
const CALLS = 10;

/** Resolves once the system has stopped the process: its state in /proc is `T`. */
async function stopped(child: ChildProcess): Promise<void> {
	for (;;) {
		if (child.exitCode !== null) throw new Error(`the process ended with ${child.exitCode}`);
		const stat = readFileSync(`/proc/${child.pid}/stat`, "utf8");
		if (stat.slice(stat.lastIndexOf(")") + 2)[0] === "T") return;
		await pause(5);
	}
}

function start(host: string, scoped: boolean) {
	const path = join(import.meta.dirname, "children", "frozenHandler.ts");
	const argument = JSON.stringify({ host, count: COUNT, scoped });
	return spawn(process.execPath, ["--conditions=@selfsame/source", path, argument], {
		stdio: ["ignore", "ignore", "inherit"],
	});
}

describe.runIf(process.platform === "linux")("a process that is frozen when its handler has returned", () => {
	test("has delivered everything called inside scope() by then, over connections that died in its sleep too", async () => {
		const sink = await startFaultSink();
		const child = start(sink.url, true);
		for (let invocation = 0; invocation < COUNT; invocation++) {
			await stopped(child);
			// What a stopped process has not delivered does not arrive: a late request would be seen here.
			const seen = sink.stored.size;
			await pause(50);
			expect([seen, sink.stored.size]).toEqual([CALLS * (invocation + 1), CALLS * (invocation + 1)]);
			if (invocation % 2 === 1) sink.dropConnections();
			child.kill("SIGCONT");
		}
		const [code] = await new Promise<[number | null]>((resolve) => child.once("close", (it) => resolve([it])));
		expect([code, sink.stored.size, sink.duplicates]).toEqual([0, CALLS * COUNT, 0]);
		await sink.stop();
	});

	test("without scope() the same handler leaves its events in the frozen process", async () => {
		const sink = await startFaultSink();
		const child = start(sink.url, false);
		await stopped(child);
		expect(sink.stored.size).toBe(0);
		child.kill("SIGKILL");
		await new Promise((resolve) => child.once("close", resolve));
		await sink.stop();
	});
});
