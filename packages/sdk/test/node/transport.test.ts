import { mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { createClient as createEdgeClient } from "../../src/edge/index.ts";
import { createClient } from "../../src/node/index.ts";
import { type Mode, startFaultSink } from "./faultSink.ts";

const scale = Number(process.env.SELFSAME_TEST_SCALE ?? 1);
/** The full 10,000 belong to the runs at scale: what is asserted is the same, and the sinks share the cores with the rest. */
const EVENTS = scale > 1 ? 10_000 : 2_000;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const unhandled: unknown[] = [];
process.on("unhandledRejection", (error) => unhandled.push(error));
// Our own warnings are about the faults that are made here; anybody else's would be a leak of ours.
process.on("warning", (warning) => void (warning.name !== "SelfsameWarning" && unhandled.push(warning)));

afterEach(() => {
	expect(unhandled).toEqual([]);
});

const MODES: Mode[] = [
	"ok",
	429,
	503,
	"hang",
	"reset",
	"taken, then reset",
	"taken, then half an answer",
	"slow answer",
];
const ENTRIES = [
	["node", createClient],
	["edge", createEdgeClient],
] as const;

describe.each(ENTRIES)("%s", (entry, create) => {
	// Side by side: most of their time is the waiting of retries.
	test.concurrent.each<Mode>(entry === "node" || scale > 1 ? MODES : ["ok", 503, "hang", "taken, then half an answer"])(
		`a collector that answers with: %s. ${EVENTS} of ${EVENTS}`,
		async (mode) => {
			const sink = await startFaultSink();
			sink.mode = mode;
			const client = create({ writeKey: "WK", host: sink.url, timeout: 250, flushAt: EVENTS / 20 });
			const ends = { delivered: 0, dropped: 0 };
			client.on("delivered", () => ends.delivered++);
			client.on("dropped", () => ends.dropped++);
			for (let i = 0; i < EVENTS; i++) client.track({ userId: `u${i % 97}`, event: "E", properties: { i } });
			await pause(200 * scale);
			sink.mode = "ok";
			expect(await client.close()).toEqual({ pending: 0 });
			expect(ends).toEqual({ delivered: EVENTS, dropped: 0 });
			expect(sink.stored.size).toBe(EVENTS);
			const last = new Map<string, number>();
			for (const { userId, properties } of sink.order) {
				const { i } = properties as { i: number };
				expect(i).toBeGreaterThan(last.get(userId) ?? -1);
				last.set(userId, i);
			}
			await sink.stop();
		},
	);

	test.concurrent("a collector that is down and comes back", async () => {
		const first = await startFaultSink();
		await first.stop();
		const client = create({ writeKey: "WK", host: first.url });
		for (let i = 0; i < EVENTS; i++) client.track({ userId: `u${i % 97}`, event: "E" });
		await pause(300 * scale);
		const sink = await startFaultSink(first.port);
		expect(await client.close()).toEqual({ pending: 0 });
		expect(sink.stored.size).toBe(EVENTS);
		await sink.stop();
	});

	test("sends what a collector expects: key, gzip, sentAt, retries counted", async () => {
		const { createServer } = await import("node:http");
		const { gunzipSync } = await import("node:zlib");
		const seen: { headers: Record<string, unknown>; body: { batch: unknown[]; sentAt: string } }[] = [];
		const server = createServer((request, response) => {
			const chunks: Buffer[] = [];
			request.on("data", (chunk) => chunks.push(chunk));
			request.on("end", () => {
				const bytes = Buffer.concat(chunks);
				const text = request.headers["content-encoding"] === "gzip" ? gunzipSync(bytes) : bytes;
				seen.push({ headers: { ...request.headers, path: request.url }, body: JSON.parse(text.toString()) });
				const verdict = { success: true, accepted: 20, duplicates: 0, dropped: 0, rejected: [], warnings: [] };
				response.writeHead(seen.length === 1 ? 500 : 200).end(JSON.stringify(verdict));
			});
		});
		await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
		const { port } = server.address() as { port: number };
		const client = create({ writeKey: "wk:ü", host: `http://127.0.0.1:${port}/` });
		for (let i = 0; i < 20; i++) client.track({ userId: "u", event: "E", properties: { text: "x".repeat(100) } });
		await client.close();
		expect(seen.map((it) => it.headers["x-retry-count"])).toEqual([undefined, "1"]);
		for (const { headers, body } of seen) {
			expect(headers).toMatchObject({
				path: "/v1/batch",
				"content-type": "application/json",
				"content-encoding": "gzip",
			});
			expect(headers.authorization).toBe(`Basic ${Buffer.from("wk:ü:").toString("base64")}`);
			expect(body.batch).toHaveLength(20);
			expect(Math.abs(Date.parse(body.sentAt) - Date.now())).toBeLessThan(60_000);
		}
		expect(seen[1]?.body.sentAt).not.toBe(seen[0]?.body.sentAt);
		await new Promise((resolve) => server.close(resolve));
	});

	test("a host that redirects is told, and the events end", async () => {
		const { createServer } = await import("node:http");
		const server = createServer((_request, response) => response.writeHead(308, { location: "/other" }).end());
		await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
		const { port } = server.address() as { port: number };
		const client = create({ writeKey: "WK", host: `http://127.0.0.1:${port}` });
		const errors: string[] = [];
		client.on("error", (error) => errors.push(error.message));
		expect(await client.track({ userId: "u", event: "E" })).toMatchObject({ status: "dropped", reason: "http_308" });
		expect(errors[0]).toMatch(/redirect/);
		await client.close();
		server.closeAllConnections();
		await new Promise((resolve) => server.close(resolve));
	});
});

test("50 overlapping flushes against a real server: none early", async () => {
	const sink = await startFaultSink();
	sink.mode = "slow answer";
	const client = createClient({ writeKey: "WK", host: sink.url, flushAt: 20 });
	const early: number[] = [];
	const flushes: Promise<void>[] = [];
	const called: string[] = [];
	for (let i = 0; i < 50; i++) {
		for (let j = 0; j < 10; j++) {
			called.push(`m${i}-${j}`);
			client.track({ userId: `u${j}`, event: "E", messageId: `m${i}-${j}` });
		}
		const mine = [...called];
		flushes.push(client.flush().then(() => void (mine.every((id) => sink.stored.has(id)) || early.push(i))));
		if (i % 7 === 0) await pause(10);
	}
	await Promise.all(flushes);
	expect(early).toEqual([]);
	await client.close();
	await sink.stop();
});

test("with a spool, closing inside an outage keeps everything for the next client", async () => {
	const dir = mkdtempSync(join(tmpdir(), "selfsame-spool-"));
	const down = await startFaultSink();
	await down.stop();
	const client = createClient({ writeKey: "WK", host: down.url, spool: dir });
	const ends = Array.from({ length: 50 }, (_, i) => client.track({ userId: `u${i}`, event: "E" }));
	for (let i = 50; i < EVENTS; i++) client.track({ userId: `u${i % 97}`, event: "E" });
	expect(await client.close({ timeout: 500 })).toEqual({ pending: EVENTS });
	expect(new Set((await Promise.all(ends)).map((it) => it.status))).toEqual(new Set(["queued"]));

	const sink = await startFaultSink(down.port);
	const next = createClient({ writeKey: "WK", host: sink.url, spool: dir });
	expect(await next.close()).toEqual({ pending: 0 });
	expect(sink.stored.size).toBe(EVENTS);
	expect(readdirSync(dir)).toEqual([]);
	await sink.stop();
});

test("without a spool, closing inside an outage drops with a reason when its time is up", async () => {
	const down = await startFaultSink();
	await down.stop();
	const client = createClient({ writeKey: "WK", host: down.url });
	const reasons = new Set<string | undefined>();
	let dropped = 0;
	client.on("dropped", ({ reason }) => {
		dropped++;
		reasons.add(reason);
	});
	for (let i = 0; i < 1_000; i++) client.track({ userId: `u${i}`, event: "E" });
	expect(await client.close({ timeout: 300 })).toEqual({ pending: 1_000 });
	expect([dropped, [...reasons]]).toEqual([1_000, ["closed"]]);
});

test("the heap stays flat", async () => {
	const { setFlagsFromString } = await import("node:v8");
	setFlagsFromString("--expose-gc");
	const collect = (await import("node:vm")).runInNewContext("gc") as () => void;
	const sink = await startFaultSink();
	const client = createClient({ writeKey: "WK", host: sink.url, overflow: "wait", maxQueueSize: 20_000 });
	const used: number[] = [];
	for (let round = 0; round < 6; round++) {
		for (let i = 0; i < 20_000 * scale; i++) {
			if (i % 500 === 0) await client.drained();
			client.track({ userId: `u${i % 97}`, event: "E", properties: { i, text: "x".repeat(100) } });
		}
		await client.flush();
		sink.stored.clear();
		sink.order.length = 0;
		collect();
		used.push(process.memoryUsage().heapUsed);
	}
	// The first rounds warm up; after them a leak of 20 bytes an event would show.
	const growth = (used[5] as number) - (used[2] as number);
	expect(growth).toBeLessThan(3 * 20_000 * scale * 20 + 500_000);
	await client.close();
	await sink.stop();
});
