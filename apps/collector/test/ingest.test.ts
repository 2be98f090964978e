import { gzipSync } from "node:zlib";
import { limits } from "@selfsame/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { apiKey, basic, startCollector, type TestCollector, track, webKey, writeKey } from "./startCollector.ts";

let collector: TestCollector;
beforeAll(async () => {
	collector = await startCollector();
});
afterAll(() => collector.stop());

const one = (messageId: string, rest = {}) => JSON.stringify({ batch: [track({ messageId })], ...rest });

describe("the write key", () => {
	it.each([
		["Basic", "", basic(writeKey), {}],
		["Basic without its colon", "", { authorization: `Basic ${btoa(writeKey)}` }, {}],
		["Bearer", "", { authorization: `Bearer ${writeKey}` }, {}],
		["X-Write-Key", "", { "x-write-key": writeKey }, {}],
		["X-Write-Key with a secret behind a colon", "", { "x-write-key": `${writeKey}:secret` }, {}],
		["the address", `?writeKey=${writeKey}`, {}, {}],
		["the body", "", {}, { writeKey }],
		["a header, whatever the body says", "", basic(writeKey), { writeKey: "masked:***" }],
	])("may stand in %s", async (place, query, headers, rest) => {
		const { status, body } = await collector.post(`/v1/batch${query}`, one(`key ${place}`, rest), headers);
		expect(status).toBe(200);
		expect(body.accepted).toBe(1);
	});

	it.each([
		["is missing", {}, {}],
		["is unknown", basic("nobody"), {}],
		["is the secret key", basic(apiKey), {}],
		["is wrong in a header, though right in the body", basic("nobody"), { writeKey }],
		["is no text", {}, { writeKey: { key: writeKey } }],
		["is empty", { authorization: "Basic Og==" }, {}],
	])("is refused with 401 when it %s", async (_, headers, rest) => {
		const {
			status,
			headers: answered,
			body,
		} = await collector.post("/v1/batch", one("refused", rest), headers as never);
		expect(status).toBe(401);
		expect(answered.get("content-type")).toBe("application/problem+json");
		expect(body).toMatchObject({ status: 401, code: "invalid_key" });
		expect(answered.get("access-control-allow-origin")).toBe("*");
	});
});

describe("a body", () => {
	const headers = basic(writeKey);

	it.each(["text/plain", "application/json", "application/x-www-form-urlencoded", "image/png"])(
		"is JSON though its type is %s, plain or gzip",
		async (type) => {
			const text = one(`plain ${type}`);
			expect((await collector.post("/v1/batch", text, { ...headers, "content-type": type })).body.accepted).toBe(1);
			const packed = new Uint8Array(gzipSync(one(`gzip ${type}`)));
			expect((await collector.post("/v1/batch", packed, { ...headers, "content-type": type })).body.accepted).toBe(1);
			const labelled = { ...headers, "content-type": type, "content-encoding": "gzip" };
			expect((await collector.post("/v1/batch", packed, labelled)).body.duplicates).toBe(1);
		},
	);

	it("may say gzip and be plain", async () => {
		const { body } = await collector.post("/v1/batch", one("not gzip"), { ...headers, "content-encoding": "gzip" });
		expect(body.accepted).toBe(1);
	});

	it.each([
		["broken", "{", 400, "invalid_json"],
		["empty", "", 400, "invalid_json"],
		["a list", "[]", 400, "invalid_json"],
		["no batch", "{}", 400, "invalid_json"],
		["a batch that is no list", '{"batch": {}}', 400, "invalid_json"],
		["gzip that breaks off", new Uint8Array(gzipSync("x".repeat(1_000)).subarray(0, 20)), 400, "invalid_json"],
		["5 MB", "x".repeat(5_000_000), 413, "too_large"],
		["small only while compressed", new Uint8Array(gzipSync(" ".repeat(limits.bodyBytes + 1))), 413, "too_large"],
		["a bomb", new Uint8Array(gzipSync(Buffer.alloc(200_000_000))), 413, "too_large"],
	])("is refused when it is %s", async (_, body, status, code) => {
		const answer = await collector.post("/v1/batch", body, headers);
		expect(answer.status).toBe(status);
		expect(answer.headers.get("content-type")).toBe("application/problem+json");
		expect(answer.body).toMatchObject({ status, code });
		expect(answer.body.detail.length).toBeGreaterThan(10);
	});

	it.each(["br", "deflate", "zstd", "gzip, br"])("is refused with 415 when it is encoded with %s", async (encoding) => {
		const answer = await collector.post("/v1/batch", one("encoded"), { ...headers, "content-encoding": encoding });
		expect(answer.status).toBe(415);
	});

	it("may have exactly 4 MiB, in one piece or in chunks without a length", async () => {
		const start = '{"batch": [], "pad": "';
		const text = `${start}${"x".repeat(limits.bodyBytes - start.length - 2)}"}`;
		expect((await collector.post("/v1/batch", text, headers)).status).toBe(200);
		const chunked = (body: string) => {
			const stream = new Blob([body]).stream();
			return collector.call("/v1/batch", { method: "POST", body: stream, headers, duplex: "half" } as RequestInit);
		};
		expect((await chunked(text)).status).toBe(200);
		expect((await chunked(`${text} `)).status).toBe(413);
	});
});

describe("verdicts", () => {
	it("add up to the batch, and a bad event leaves 99 good neighbours stored", async () => {
		const events: unknown[] = Array.from({ length: 100 }, (_, at) =>
			track({ messageId: `neighbour ${at}`, userId: "neighbours" }),
		);
		events[50] = { type: "track" };
		const { body } = await collector.send(events);
		expect(body).toMatchObject({ success: true, accepted: 99, duplicates: 0, dropped: 0 });
		expect(body.rejected).toMatchObject([{ index: 50, messageId: null, code: "invalid_event" }]);
		expect((await collector.profile("user_id:neighbours"))?.eventCount).toBe(99);
		const again = await collector.send(events);
		expect(again.body).toMatchObject({ accepted: 0, duplicates: 99 });
	});

	it("know a messageId for ever, within a batch and between batches, per source", async () => {
		const twice = [track({ messageId: "same" }), track({ messageId: "same" })];
		expect((await collector.send(twice)).body).toMatchObject({ accepted: 1, duplicates: 1 });
		expect((await collector.send(twice)).body).toMatchObject({ accepted: 0, duplicates: 2 });
		expect((await collector.send(twice, webKey)).body).toMatchObject({ accepted: 1, duplicates: 1 });
	});

	it("let a thousand senders of one event store it once", async () => {
		const answers = await Promise.all(
			Array.from({ length: 200 }, () => collector.send([track({ messageId: "raced" })])),
		);
		expect(answers.reduce((sum, { body }) => sum + body.accepted, 0)).toBe(1);
		expect(answers.reduce((sum, { body }) => sum + body.duplicates, 0)).toBe(199);
	});

	it("come for single events too", async () => {
		const { status, body } = await collector.post("/v1/track", JSON.stringify({ userId: "u1" }));
		expect(status).toBe(200);
		expect(body).toMatchObject({ accepted: 0, rejected: [{ index: 0, code: "invalid_event" }] });
	});

	it.each([
		["track", { event: "x" }],
		["identify", { traits: { plan: "pro" } }],
		["page", { name: "Home" }],
		["screen", { name: "Main" }],
		["group", { groupId: "g1" }],
		["alias", { previousId: "before" }],
	])("take %s by its long and short path, and Jitsu's", async (type, fields) => {
		for (const path of [`/v1/${type}`, `/v1/${type[0]}`, `/api/s/${type}`, `/api/s/s2s/${type}`]) {
			const text = JSON.stringify({ ...fields, userId: `by ${type}`, messageId: `by ${path}` });
			expect((await collector.post(path, text)).body).toMatchObject({ accepted: 1, rejected: [] });
		}
		const types = (await collector.events(encodeURIComponent(`user_id:by ${type}`))).map((event) => event.type);
		expect(types).toEqual([type, type, type, type]);
	});

	it("are what their path says, whatever their type does", async () => {
		const said = JSON.stringify({ type: "page", event: "Signed Up", userId: "by path", messageId: "by path" });
		expect((await collector.post("/v1/track", said)).body).toMatchObject({ accepted: 1, rejected: [] });
		expect(await collector.events("user_id:by%20path")).toMatchObject([{ type: "track", event: "Signed Up" }]);
		const nameless = JSON.stringify({ type: "page", name: "Home", userId: "by path", messageId: "nameless" });
		const { body } = await collector.post("/v1/track", nameless);
		expect(body).toMatchObject({ accepted: 0, rejected: [{ code: "invalid_event" }] });
		expect(JSON.stringify(body)).toContain("The path makes it one");
	});

	it("are read at once by whoever got them", async () => {
		for (let at = 0; at < 20; at++) {
			await collector.send([track({ userId: "read-your-writes", messageId: `ryw ${at}` })]);
			expect((await collector.profile("user_id:read-your-writes"))?.eventCount).toBe(at + 1);
		}
	});
});

describe("what is no ingest path", () => {
	it.each([
		["GET", "/v1/batch"],
		["POST", "/v1/purchase"],
		["PUT", "/v1/track"],
		["POST", "/"],
		["GET", "/v1/projects/nobody/settings"],
		["GET", "/sourceConfig/?writeKey=nobody"],
		["GET", "/%E0%A4%A"],
	])("%s %s answers with a problem", async (method, path) => {
		const { status, headers, body } = await collector.call<{ code: string }>(path, { method });
		expect([401, 404, 405]).toContain(status);
		expect(headers.get("content-type")).toBe("application/problem+json");
		expect(body.code).toMatch(/^[a-z_]+$/);
	});

	it("has no CORS on the profile API", async () => {
		const { headers } = await collector.call("/v1/profiles/user_id:u1", {
			headers: { authorization: `Bearer ${apiKey}`, origin: "https://evil.example" },
		});
		expect(headers.get("access-control-allow-origin")).toBeNull();
		const preflight = await collector.call("/v1/profiles/user_id:u1", {
			method: "OPTIONS",
			headers: { origin: "https://evil.example" },
		});
		expect(preflight.headers.get("access-control-allow-origin")).toBeNull();
	});
});
