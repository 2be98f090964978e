import { type ChildProcess, spawn } from "node:child_process";
import { appendFileSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createClient } from "../../src/node/index.ts";
import { startFaultSink } from "./faultSink.ts";

const scale = Number(process.env.SELFSAME_TEST_SCALE ?? 1);
/** More than a few batches, so that a process that ends has requests in flight and events behind them. */
const COUNT = scale > 1 ? 20_000 : 5_000;

function start(script: string, argument: object) {
	const path = join(import.meta.dirname, "children", script);
	const child = spawn(process.execPath, [
		"--conditions=@selfsame/source",
		"--trace-warnings",
		path,
		JSON.stringify(argument),
	]);
	const output = { out: "", err: "" };
	child.stdout.on("data", (chunk) => {
		output.out += chunk;
	});
	child.stderr.on("data", (chunk) => {
		output.err += chunk;
	});
	const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) =>
		child.on("close", (code, signal) => resolve({ code, signal })),
	);
	return { child, output, ended };
}

async function said(output: { out: string }, text: string, child: ChildProcess): Promise<void> {
	while (!output.out.includes(text) && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 5));
}

const newSpool = () => mkdtempSync(join(tmpdir(), "selfsame-spool-"));

describe("a process that ends without close()", () => {
	test("a script that just ends loses nothing and ends by itself", async () => {
		const sink = await startFaultSink();
		const { output, ended } = start("fill.ts", { host: sink.url, count: COUNT, end: "script" });
		expect(await ended).toEqual({ code: 0, signal: null });
		expect(sink.stored.size).toBe(COUNT);
		expect(output.err).toBe("");
		await sink.stop();
	});

	test.each(["SIGTERM", "SIGINT"] as const)(
		"%s with a full queue loses nothing and keeps its effect",
		async (signal) => {
			const sink = await startFaultSink();
			const { child, output, ended } = start("fill.ts", { host: sink.url, count: COUNT, end: "wait" });
			await said(output, "called", child);
			child.kill(signal);
			expect(await ended).toEqual({ code: null, signal });
			expect(sink.stored.size).toBe(COUNT);
			expect(output.err).toBe("");
			await sink.stop();
		},
	);

	test("two copies of the client in one process do not take each other for the application", async () => {
		const sink = await startFaultSink();
		const { child, output, ended } = start("twoCopies.ts", { host: sink.url, count: 1_000 });
		await said(output, "called", child);
		child.kill("SIGTERM");
		expect(await ended).toEqual({ code: null, signal: "SIGTERM" });
		expect(sink.stored.size).toBe(1_000);
		await sink.stop();
	});

	test("an application that listens for SIGTERM itself ends when it wants to", async () => {
		const sink = await startFaultSink();
		const { child, output, ended } = start("fill.ts", { host: sink.url, count: COUNT, end: "handler" });
		await said(output, "called", child);
		child.kill("SIGTERM");
		expect(await ended).toEqual({ code: 0, signal: null });
		expect(output.out).toContain("closed 0");
		expect(sink.stored.size).toBe(COUNT);
		await sink.stop();
	});

	test.each(["script", "wait"] as const)("a collector that is down keeps no process alive (%s)", async (end) => {
		const sink = await startFaultSink();
		await sink.stop();
		const { child, output, ended } = start("fill.ts", { host: sink.url, count: 100, end, exitTimeout: 300 });
		if (end === "wait") {
			await said(output, "called", child);
			child.kill("SIGTERM");
		}
		expect(await ended).toEqual(end === "wait" ? { code: null, signal: "SIGTERM" } : { code: 0, signal: null });
		const [warning = "", ...others] = output.err.split("\n").filter((line) => !/^ {4}at |^$/.test(line));
		expect(warning).toMatch(/SelfsameWarning: selfsame: the collector cannot be reached .*check that it runs/);
		expect(others).toEqual([]);
	});

	test("with flushOnExit off nothing is held up", async () => {
		const sink = await startFaultSink();
		sink.mode = "hang";
		const { output, ended } = start("fill.ts", { host: sink.url, count: 100, end: "off" });
		expect(await ended).toEqual({ code: 0, signal: null });
		expect(output.err).toBe("");
		await sink.stop();
	});
});

describe("a spool", () => {
	test("kill -9 loses no event whose call returned, torn records included", async () => {
		const dir = newSpool();
		const sink = await startFaultSink();
		const called = new Set<string>();
		for (let round = 0; round < Math.max(3, 3 * scale); round++) {
			// Alternately while it delivers and while the collector is away.
			sink.mode = round % 2 === 0 ? "hang" : "ok";
			const { child, output, ended } = start("spoolUntilKilled.ts", { host: sink.url, spool: dir });
			await said(output, `${1_000 + 500 * round}\n`, child);
			child.kill("SIGKILL");
			await ended;
			expect(output.err).toBe("");
			const whole = output.out.slice(0, output.out.lastIndexOf("\n")).split("\n");
			for (const line of whole) called.add(`${child.pid}-${line}`);
		}
		sink.mode = "ok";
		const segments = readdirSync(dir).filter((name) => name.endsWith(".ndjson"));
		appendFileSync(join(dir, segments[0] as string), '{"messageId":"torn","type":"tra');
		const client = createClient({ writeKey: "WK", host: sink.url, spool: dir });
		const errors: string[] = [];
		client.on("error", (error) => errors.push(error.message));
		expect(await client.close()).toEqual({ pending: 0 });
		expect([...called].filter((id) => !sink.stored.has(id))).toEqual([]);
		expect(errors.some((message) => message.includes("1 torn record"))).toBe(true);
		expect(readdirSync(dir)).toEqual([]);
		await sink.stop();
	});

	test("the segments of a running process are left to it", async () => {
		const dir = newSpool();
		const sink = await startFaultSink();
		sink.mode = 503;
		const { child, output, ended } = start("fill.ts", { host: sink.url, count: 1_000, end: "wait", spool: dir });
		await said(output, "called", child);
		const before = readdirSync(dir).sort();
		const client = createClient({ writeKey: "WK", host: sink.url, spool: dir });
		const twin = createClient({ writeKey: "WK", host: sink.url, spool: dir });
		expect([client.size, twin.size]).toEqual([0, 0]);
		expect(await client.close({ timeout: 200 })).toEqual({ pending: 0 });
		await twin.close();
		expect(readdirSync(dir).sort()).toEqual(before);
		child.kill("SIGKILL");
		await ended;
		sink.mode = "ok";
		const next = createClient({ writeKey: "WK", host: sink.url, spool: dir });
		await next.close();
		expect(sink.stored.size).toBe(1_000);
		await sink.stop();
	});

	test("a lock of a reused process id is nobody's", async () => {
		const dir = newSpool();
		const sink = await startFaultSink();
		const event = { messageId: "m1", type: "track", event: "E", userId: "u" };
		writeFileSync(join(dir, "000000000-1-x-000000000.ndjson"), `${JSON.stringify(event)}\n`);
		const record = { pid: process.pid, host: (await import("node:os")).hostname(), startedAt: "1" };
		writeFileSync(join(dir, "000000000-1-x.lock"), JSON.stringify(record));
		const client = createClient({ writeKey: "WK", host: sink.url, spool: dir });
		// Without a call: what was left behind is sent because it is there.
		await sink.isDone(1);
		await client.close();
		expect([...sink.stored.keys()]).toEqual(["m1"]);
		expect(readdirSync(dir)).toEqual([]);
		await sink.stop();
	});

	test("its size is capped, and what goes over is told", async () => {
		const dir = newSpool();
		const sink = await startFaultSink();
		sink.mode = 503;
		const client = createClient({ writeKey: "WK", host: sink.url, spool: { dir, maxBytes: 100_000 } });
		let dropped = 0;
		client.on("dropped", () => dropped++);
		for (let i = 0; i < 1_000; i++) client.track({ userId: "u", event: "E", properties: { text: "x".repeat(300) } });
		expect(client.size).toBeLessThan(250);
		expect(dropped).toBe(1_000 - client.size);
		sink.mode = "ok";
		await client.close();
		expect(sink.stored.size).toBe(1_000 - dropped);
		await sink.stop();
	});

	test("holds more than memory does: released batches are read back and sent", async () => {
		const dir = newSpool();
		const sink = await startFaultSink();
		sink.mode = 503;
		const client = createClient({ writeKey: "WK", host: sink.url, spool: dir });
		const text = "é".repeat(10_000);
		for (let i = 0; i < 4_500; i++) client.track({ userId: `u${i % 7}`, event: "E", properties: { i, text } });
		expect(process.memoryUsage().arrayBuffers).toBeLessThan(60_000_000);
		sink.mode = "ok";
		expect(await client.close()).toEqual({ pending: 0 });
		expect(sink.stored.size).toBe(4_500);
		await sink.stop();
	});
});
