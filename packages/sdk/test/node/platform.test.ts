import { spawn } from "node:child_process";
import { appendFileSync, mkdtempSync, readdirSync, rmSync, truncateSync } from "node:fs";
import { Agent, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createClient as createEdgeClient } from "../../src/edge/index.ts";
import { createClient } from "../../src/node/index.ts";
import { createFakeClient, createFakeClock, type Sent, taken } from "./fakeRuntime.ts";
import { startFaultSink } from "./faultSink.ts";

/** Each API of the runtime is asked the same: gone, there and failing, there and lying, there and hanging. */

let sink: Awaited<ReturnType<typeof startFaultSink>>;
beforeEach(async () => {
	sink = await startFaultSink();
});
afterEach(async () => {
	vi.unstubAllGlobals();
	await sink.stop();
});
const long = { text: "x".repeat(3_000) };

function compressionOf(transform: (bytes: Uint8Array) => Uint8Array) {
	const Real = CompressionStream;
	return class {
		readable: ReadableStream;
		writable: WritableStream;
		constructor(format: CompressionFormat) {
			const real = new Real(format);
			this.writable = real.writable;
			const packed = new Response(real.readable as BodyInit).arrayBuffer();
			this.readable = new ReadableStream({
				async start(controller) {
					controller.enqueue(transform(new Uint8Array(await packed)));
					controller.close();
				},
			});
		}
	};
}

describe("CompressionStream", () => {
	test.each<[string, unknown]>([
		["gone", undefined],
		[
			"throws",
			class {
				constructor() {
					throw new TypeError("no gzip here");
				}
			},
		],
		["cuts its output short", compressionOf((bytes) => bytes.subarray(0, bytes.length - 9))],
		["writes nothing", compressionOf(() => new Uint8Array())],
		["writes something else", compressionOf((bytes) => bytes.map((byte) => byte ^ 0x55))],
		[
			"never ends",
			class {
				writable = new WritableStream();
				readable = new ReadableStream();
			},
		],
	])("%s: events go plain, each once", async (_name, fake) => {
		vi.stubGlobal("CompressionStream", fake);
		const client = createEdgeClient({ writeKey: "WK", host: sink.url });
		for (let i = 0; i < 3; i++) {
			expect(await client.track({ userId: "u", event: "E", properties: long })).toMatchObject({ status: "delivered" });
		}
		expect([sink.stored.size, sink.duplicates]).toEqual([3, 0]);
		await client.close();
	});
});

test.each([
	["node", createClient],
	["edge", createEdgeClient],
])("%s: where something on the way spoils gzip, events go plain", async (_entry, create) => {
	const encodings: (string | undefined)[] = [];
	const server = createServer((request, response) => {
		const chunks: Buffer[] = [];
		request.on("data", (chunk) => chunks.push(chunk));
		request.on("end", () => {
			const body = Buffer.concat(chunks);
			encodings.push(request.headers["content-encoding"]);
			try {
				const { batch } = JSON.parse((body[0] === 0x1f ? gunzipSync(body.fill(7, 10)) : body).toString());
				const counts = { accepted: batch.length, duplicates: 0, dropped: 0, rejected: [], warnings: [] };
				response.end(JSON.stringify({ success: true, ...counts }));
			} catch {
				response.writeHead(400).end("{}");
			}
		});
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	const client = create({ writeKey: "WK", host: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
	for (let i = 0; i < 2; i++) {
		expect(await client.track({ userId: "u", event: "E", properties: long })).toMatchObject({ status: "delivered" });
	}
	expect(encodings).toEqual(["gzip", undefined, undefined]);
	await client.close();
	server.closeAllConnections();
	server.close();
});

describe("fetch", () => {
	const real = fetch;
	const fakes: [string, () => unknown][] = [
		[
			"throws",
			() => {
				throw new TypeError("no network");
			},
		],
		["rejects with nothing", () => Promise.reject()],
		["answers nothing", async () => undefined],
		["answers something else", async () => ({ status: 200 })],
		["never answers, and ignores its signal", () => new Promise(() => {})],
		["answers with a body that never ends", async () => new Response(new ReadableStream(), { status: 200 })],
		[
			"answers with a body that breaks",
			async () => new Response(new ReadableStream({ start: (it) => it.error(new Error("broke")) })),
		],
		["answers with an error of its own", async () => Response.error()],
	];
	test.each(fakes)("%s: the event stays until it is better", async (_name, fake) => {
		let isWell = false;
		const mine = (...args: Parameters<typeof fetch>) => (isWell ? real(...args) : fake()) as ReturnType<typeof fetch>;
		const client = createEdgeClient({ writeKey: "WK", host: sink.url, timeout: 60, fetch: mine });
		const failed = new Promise((resolve) => client.on("error", resolve));
		const delivery = client.track({ userId: "u", event: "E" });
		void delivery.then(() => {});
		await failed;
		expect(client.size).toBe(1);
		isWell = true;
		expect(await delivery).toMatchObject({ status: "delivered" });
		expect(sink.stored.size).toBe(1);
		await client.close();
	});
});

test.each<[string, unknown]>([
	["gone", undefined],
	["without randomUUID", {}],
	[
		"throwing",
		{
			randomUUID() {
				throw new Error("insecure");
			},
		},
	],
])("crypto %s: events have ids all the same", async (_name, fake) => {
	vi.stubGlobal("crypto", fake);
	const client = createEdgeClient({ writeKey: "WK", host: sink.url });
	for (let i = 0; i < 100; i++) client.track({ userId: "u", event: "E" });
	await client.close();
	expect(sink.stored.size).toBe(100);
});

test("performance gone: waiting is measured with what there is", async () => {
	vi.stubGlobal("performance", undefined);
	const client = createEdgeClient({ writeKey: "WK", host: sink.url });
	expect(await client.track({ userId: "u", event: "E" })).toMatchObject({ status: "delivered" });
	await client.close();
});

describe("the wall clock is set while the client waits", () => {
	test.each([
		["back an hour", -3_600_000],
		["on a day", 86_400_000],
	])("%s: a retry comes when it would have come", async (_name, jump) => {
		const clock = createFakeClock();
		let offset = 0;
		const attempts: number[] = [];
		const sent: Sent[][] = [];
		const client = createFakeClient(
			{},
			{ ...clock, now: () => clock.now() + offset },
			async (batch) => {
				attempts.push(clock.now());
				if (attempts.length === 1) {
					offset = jump;
					return { status: 503, retryAfter: "5" };
				}
				sent.push(batch);
				return taken(batch);
			},
			undefined,
			undefined,
			clock.now,
		);
		client.track({ userId: "u", event: "E" });
		const flushed = client.flush();
		await clock.runUntil(() => sent.length > 0);
		await flushed;
		expect((attempts[1] as number) - (attempts[0] as number)).toBe(5_000);
	});
});

describe("the spool's directory", () => {
	test("removed while the client runs: it is made again", async () => {
		const dir = join(mkdtempSync(join(tmpdir(), "selfsame-spool-")), "spool");
		sink.mode = 503;
		const client = createClient({ writeKey: "WK", host: sink.url, spool: dir });
		client.track({ userId: "u", event: "A" });
		rmSync(dir, { recursive: true });
		await client.flush({ timeout: 20 });
		client.track({ userId: "u", event: "B" });
		expect(readdirSync(dir).filter((name) => name.endsWith(".ndjson"))).toHaveLength(1);
		sink.mode = "ok";
		expect(await client.close()).toEqual({ pending: 0 });
		expect([...sink.stored.values()].map(({ event }) => event)).toEqual(["A", "B"]);
	});

	test("a segment cut short or spoilt by others costs what was lost, and is told", async () => {
		const dir = mkdtempSync(join(tmpdir(), "selfsame-spool-"));
		const first = createClient({ writeKey: "WK", host: "http://127.0.0.1:1", spool: dir });
		for (let i = 0; i < 3; i++) first.track({ userId: "u", event: `E${i}` });
		await first.close({ timeout: 0 });
		const [segment = ""] = readdirSync(dir).filter((name) => name.endsWith(".ndjson"));
		truncateSync(join(dir, segment), 500);
		appendFileSync(join(dir, segment), "\nnonsense\n\0\0\0\n[1]\n");
		const next = createClient({ writeKey: "WK", host: sink.url, spool: dir });
		const errors: string[] = [];
		next.on("error", ({ message }) => errors.push(message));
		expect(await next.close()).toEqual({ pending: 0 });
		expect(sink.order.map(({ event }) => event)).toEqual(["E0", "E1"].slice(0, sink.stored.size));
		expect(sink.stored.size).toBeGreaterThan(0);
		expect(errors).toEqual([expect.stringMatching(/left out \d torn record/)]);
	});
});

describe("the proxy of the environment", () => {
	test("is used where Node uses it, and an agent of one's own is too", async () => {
		const asked: string[] = [];
		const proxy = createServer((request, response) => {
			asked.push(String(request.url));
			request.resume();
			response.writeHead(502).end();
		});
		await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
		const { port } = proxy.address() as AddressInfo;
		const entry = join(import.meta.dirname, "../../src/node/index.ts");
		const script = `import { createClient } from ${JSON.stringify(entry)};
			const client = createClient({ writeKey: "k", host: "http://events.invalid" });
			client.track({ userId: "u", event: "E" });
			await client.close({ timeout: 300 });`;
		const env = { ...process.env, NODE_USE_ENV_PROXY: "1", HTTP_PROXY: `http://127.0.0.1:${port}`, NO_PROXY: "" };
		const args = ["--conditions=@selfsame/source", "--input-type=module", "-e", script];
		const child = spawn(process.execPath, args, { env, stdio: "ignore" });
		await new Promise((resolve) => child.once("close", resolve));
		expect(asked[0]).toBe("http://events.invalid/v1/batch");

		const used: unknown[] = [];
		class Own extends Agent {
			// Not in the types, and what every agent does a request with.
			addRequest(...args: unknown[]): void {
				used.push(args[0]);
				(Agent.prototype as unknown as Own).addRequest.apply(this, args);
			}
		}
		const agent = new Own({ keepAlive: true });
		const client = createClient({ writeKey: "WK", host: sink.url, agent });
		expect(await client.track({ userId: "u", event: "E" })).toMatchObject({ status: "delivered" });
		await client.close();
		expect(used).toHaveLength(1);
		agent.destroy();
		proxy.closeAllConnections();
		proxy.close();
	});
});
