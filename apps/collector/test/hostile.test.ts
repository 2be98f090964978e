import { connect } from "node:net";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { basic, startCollector, type TestCollector, track, writeKey } from "./startCollector.ts";

let collector: TestCollector;
beforeAll(async () => {
	collector = await startCollector();
});
afterAll(() => collector.stop());

const authorization = `authorization: ${basic(writeKey).authorization}`;

/** Sends raw bytes and reads until the server ends, or has been silent for a while after an answer. */
function raw(bytes: string | Uint8Array, { close = true } = {}): Promise<string> {
	return new Promise((resolve) => {
		const socket = connect(collector.port, "127.0.0.1");
		let answer = "";
		const finish = () => {
			socket.destroy();
			resolve(answer);
		};
		socket.setTimeout(700, finish);
		socket.on("data", (chunk) => {
			answer += chunk.toString("latin1");
		});
		socket.on("error", finish);
		socket.on("close", finish);
		socket.write(bytes, () => close && socket.end());
	});
}

function post(body: string | Buffer, { headers = "", length }: { headers?: string; length?: number } = {}): Buffer {
	const bytes = Buffer.from(body);
	const head = `POST /v1/batch HTTP/1.1\r\nhost: x\r\n${authorization}\r\n${headers}content-length: ${length ?? bytes.length}\r\n\r\n`;
	return Buffer.concat([Buffer.from(head), bytes]);
}

function statusesOf(answer: string): number[] {
	return [...answer.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));
}

/** That the server still takes events, and has lost none that it acknowledged. */
async function expectWell(id: string) {
	const { body } = await collector.send([track({ messageId: id, userId: id })]);
	expect(body.accepted).toBe(1);
	expect((await collector.profile(encodeURIComponent(`user_id:${id}`)))?.eventCount).toBe(1);
}

describe("raw sockets", () => {
	it.each([
		["nonsense", "\x00\x01\x02\xff\r\n\r\n"],
		["TLS", Buffer.from("16030100a5010000a10303", "hex")],
		["a body that breaks off", post('{"batch": [', { length: 500 })],
		["a header flood", `GET / HTTP/1.1\r\nhost: x\r\n${"x-flood: yes\r\n".repeat(5_000)}\r\n`],
		["one huge header", `GET / HTTP/1.1\r\nhost: x\r\nx: ${"y".repeat(100_000)}\r\n\r\n`],
		["two lengths", `POST /v1/batch HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello`],
		[
			"a length and chunks",
			`POST /v1/batch HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
		],
		[
			"a chunk of no size",
			`POST /v1/batch HTTP/1.1\r\nhost: x\r\n${authorization}\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\n`,
		],
		["no host", "POST /v1/batch HTTP/1.1\r\ncontent-length: 0\r\n\r\n"],
		["a negative length", "POST /v1/batch HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n"],
		["an upgrade", "GET /v1/batch HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n"],
		["an odd host", "GET /health HTTP/1.1\r\nhost: a b\\@[\r\n\r\n"],
		["an odd target", "GET //\\..\\x?%ff HTTP/1.1\r\nhost: x\r\n\r\n"],
		["a method of its own", "PURGE /v1/batch HTTP/1.1\r\nhost: x\r\n\r\n"],
		["TRACE", "TRACE /v1/batch HTTP/1.1\r\nhost: x\r\n\r\n"],
	])("may send %s: never a 5xx, and the next one is served", async (name, bytes) => {
		for (const status of statusesOf(await raw(bytes))) expect(status).toBeLessThan(500);
		await expectWell(`after ${name}`);
	});

	it("may pipeline: each request gets its answer, in order", async () => {
		const requests = Array.from({ length: 20 }, (_, at) =>
			post(
				at % 3 === 1 ? "{" : JSON.stringify({ batch: [track({ messageId: `pipelined ${at}`, userId: "pipelined" })] }),
			),
		);
		const answer = await raw(Buffer.concat(requests), { close: false });
		expect(statusesOf(answer)).toEqual(requests.map((_, at) => (at % 3 === 1 ? 400 : 200)));
		expect((await collector.profile("user_id:pipelined"))?.eventCount).toBe(13);
	});

	it("may send chunks of any size, without a length", async () => {
		const text = JSON.stringify({ batch: [track({ messageId: "chunked", userId: "chunked" })] });
		const chunks = [...text].map((byte) => `1\r\n${byte}\r\n`).join("");
		const head = `POST /v1/batch HTTP/1.1\r\nhost: x\r\n${authorization}\r\ntransfer-encoding: chunked\r\n\r\n`;
		expect(await raw(`${head}${chunks}0\r\n\r\n`, { close: false })).toContain('"accepted":1');
	});

	it("may send anything at all", async () => {
		const line = fc.oneof(
			fc.constantFrom(
				"POST /v1/batch HTTP/1.1",
				"GET / HTTP/1.1",
				"host: x",
				authorization,
				"",
				"transfer-encoding: chunked",
			),
			fc.constantFrom(
				"content-length: 10",
				"content-encoding: gzip",
				"expect: 100-continue",
				'{"batch":[{}]}',
				"5",
				"0",
			),
			fc.string({ unit: "binary", maxLength: 40 }),
		);
		await fc.assert(
			fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 12 }), async (lines) => {
				for (const status of statusesOf(await raw(`${lines.join("\r\n")}\r\n\r\n`))) expect(status).toBeLessThan(500);
			}),
			{ numRuns: 60 },
		);
		await expectWell("after anything");
	});
});

describe("bodies", () => {
	it("may hold any JSON: one verdict each, never a 5xx, never a neighbour lost", async () => {
		let count = 0;
		const anything = fc.oneof(
			fc.jsonValue({ maxDepth: 5 }),
			fc.record({
				type: fc.constantFrom("track", "identify", "page", "group", "alias"),
				event: fc.constant("x"),
				userId: fc.jsonValue(),
				messageId: fc.oneof(fc.uuid(), fc.jsonValue()),
				anonymousId: fc.jsonValue(),
				previousId: fc.jsonValue(),
				groupId: fc.jsonValue(),
				traits: fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue()),
				timestamp: fc.oneof(
					fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
					fc.jsonValue(),
				),
				context: fc.record({ externalIds: fc.jsonValue(), traits: fc.jsonValue() }),
			}),
		);
		await fc.assert(
			fc.asyncProperty(fc.array(anything, { maxLength: 10 }), fc.boolean(), async (batch, packed) => {
				const id = `fuzz ${count++}`;
				const text = JSON.stringify({ batch: [...batch, track({ messageId: id, userId: id })] });
				const { status, body } = await collector.post("/v1/batch", packed ? new Uint8Array(gzipSync(text)) : text);
				expect(status).toBe(200);
				expect(body.accepted + body.duplicates + body.dropped + body.rejected.length).toBe(batch.length + 1);
				expect((await collector.profile(encodeURIComponent(`user_id:${id}`)))?.eventCount).toBe(1);
			}),
			{ numRuns: 100 },
		);
	});

	it("may be any bytes, with any headers", async () => {
		const headers = fc.record(
			{
				"content-type": fc.constantFrom("application/json", "x", "multipart/form-data"),
				"content-encoding": fc.constantFrom("gzip", "identity", "br", ""),
				"x-forwarded-for": fc.constantFrom("1.2.3.4", "x, y", "::1, unknown", ","),
				origin: fc.constantFrom("null", "https://x.example"),
				"user-agent": fc.constantFrom("Googlebot/2.1", "x".repeat(5_000)),
			},
			{ requiredKeys: [] },
		);
		await fc.assert(
			fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), headers, async (bytes, extra) => {
				const { status } = await collector.post("/v1/track", new Uint8Array(bytes), { ...basic(writeKey), ...extra });
				expect(status).toBeLessThan(500);
			}),
			{ numRuns: 100 },
		);
	});

	it("cost their size and no more, whatever they hold", async () => {
		const shapes: Record<string, (n: number) => string> = {
			brackets: (n) => "[".repeat(n),
			"closed brackets": (n) => `{"batch":[${"[".repeat(n / 2)}${"]".repeat(n / 2)}]}`,
			quotes: (n) => `{"batch":["${'\\"'.repeat(n / 2)}"]}`,
			backslashes: (n) => `{"batch":["${"\\\\".repeat(n / 2)}"]}`,
			commas: (n) => `{"batch":[${",".repeat(n)}]}`,
			"empty events": (n) => `{"batch":[${"{},".repeat(n / 3)}{}]}`,
			escapes: (n) => `{"batch":[{"type":"page","name":"${"\\u0000".repeat(n / 6)}"}]}`,
			digits: (n) => `{"batch":[{"type":"page","userId":${"9".repeat(n)}}]}`,
			keys: (n) =>
				`{"batch":[{"type":"page","properties":{${Array.from({ length: n / 12 }, (_, at) => `"k${at}":1`).join()}}}]}`,
			"batch keys": (n) => `{${'"batch":[],'.repeat(n / 11)}"batch":[]}`,
			spaces: (n) => `{"batch":[${" ".repeat(n)}]}`,
		};
		// Timed against a plain body of the same size, with room for a busy machine: what is quadratic is past it by far.
		const plain = (n: number) => `{"batch":[],"pad":"${"x".repeat(n)}"}`;
		const size = 1_000_000;
		await timePost(plain(size));
		const base = Math.max(50, await timePost(plain(size)));
		for (const [name, make] of Object.entries(shapes)) {
			const duration = await timePost(make(size));
			expect(duration / base, name).toBeLessThan(60);
		}
		await expectWell("after the shapes");
	});

	async function timePost(text: string): Promise<number> {
		const start = performance.now();
		const { status } = await collector.post("/v1/batch", text);
		expect(status).toBeLessThan(500);
		return performance.now() - start;
	}
});
