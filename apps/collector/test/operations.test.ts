import { once } from "node:events";
import { connect } from "node:net";
import { StorageUnavailableError } from "@selfsame/store";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createRateLimiter } from "../src/ingest/createRateLimiter.ts";
import { apiKey, basic, startCollector, type TestCollector, track, webKey, writeKey } from "./startCollector.ts";

let collector: TestCollector;
let lines: string[];
beforeEach(async () => {
	lines = [];
	const log = pino({ level: "debug", base: null }, { write: (line: string) => lines.push(line) });
	collector = await startCollector({ log });
});
afterEach(() => collector.stop());

describe("metrics", () => {
	it("count what became of events and requests", async () => {
		await collector.send([track({ messageId: "m" }), track({ messageId: "m" }), {}]);
		await collector.post("/v1/batch", "{", basic(webKey));
		const { headers, body } = await collector.call<string>("/metrics");
		expect(headers.get("content-type")).toContain("text/plain");
		for (const line of [
			'selfsame_events_total{source="server",verdict="accepted"} 1',
			'selfsame_events_total{source="server",verdict="duplicate"} 1',
			'selfsame_events_total{source="server",verdict="rejected"} 1',
			'selfsame_requests_refused_total{code="invalid_json"} 1',
			"selfsame_queue_bytes 0",
			"selfsame_live_streams 0",
			"selfsame_exports_running 0",
			"selfsame_commit_seconds_count 1",
			"process_resident_memory_bytes",
		]) {
			expect(body).toContain(line);
		}
	});
});

describe("identity metrics", () => {
	const decisions = async (way: string) => {
		const { body } = await collector.call<string>("/metrics");
		return Number(new RegExp(`selfsame_identity_decisions_total\\{way="${way}"\\} (\\d+)`).exec(body)?.[1]);
	};

	it("tell which way decisions took", async () => {
		await collector.send([track({ anonymousId: "a1" })]);
		expect([await decisions("fast"), await decisions("window")]).toEqual([1, 0]);
		// A second user on the device: spans around the instant, and no more.
		await collector.send([track({ userId: "u2", anonymousId: "a1" })]);
		expect(await decisions("window")).toBe(1);
	});

	it("count requests through proxies that nobody trusts", async () => {
		await collector.post("/v1/t", JSON.stringify(track()), { ...basic(writeKey), "x-forwarded-for": "203.0.113.1" });
		expect((await collector.call<string>("/metrics")).body).toContain("selfsame_untrusted_forwards_total 1");
	});
});

describe("logs", () => {
	it("say what happened, under the answer's request id, and nothing of anyone", async () => {
		await collector.send([track({ userId: "someone@example.com", traits: { email: "someone@example.com" } })]);
		await collector.post("/v1/batch?writeKey=someone@example.com", "someone@example.com {", {});
		const path = `/v1/profiles/${encodeURIComponent("user_id:someone@example.com")}`;
		const { headers } = await collector.get(path);
		await collector.get(`${path}/events?name=someone%40example.com`);
		await collector.call(path);
		const text = lines.join("");
		const answered = lines
			.map((line) => JSON.parse(line))
			.find(({ requestId }) => requestId === headers.get("x-request-id"));
		expect(answered).toMatchObject({ method: "GET", route: "/v1/profiles/:ref", status: 200 });
		for (const secret of ["someone", "example.com", apiKey, writeKey, "127.0.0.1"]) expect(text).not.toContain(secret);
	});
});

describe("answers", () => {
	it("carry a request id and may not be sniffed, framed or kept by others", async () => {
		await collector.send([track()]);
		const ids = new Set<string | null>();
		for (const { headers } of [
			await collector.send([track()]),
			await collector.post("/v1/batch", "{"),
			await collector.get("/v1/profiles/user_id:u1"),
			await collector.get("/v1/profiles/user_id:nobody"),
			await collector.call("/v1/profiles/user_id:u1"),
		]) {
			ids.add(headers.get("x-request-id"));
		}
		expect(ids.size).toBe(5);
		expect(ids).not.toContain(null);
		const { headers } = await collector.get("/v1/profiles/user_id:u1");
		expect(headers.get("cache-control")).toBe("private, no-store");
		expect(headers.get("x-content-type-options")).toBe("nosniff");
		expect(headers.get("content-security-policy")).toContain("default-src 'none'");
		expect((await collector.call("/nowhere")).headers.get("x-content-type-options")).toBe("nosniff");
	});

	it("say how to authenticate wherever a key is missing or wrong", async () => {
		for (const answer of [
			collector.call("/v1/profiles"),
			collector.post("/v1/batch", "{}", {}),
			collector.post("/v1/track", "{}", { authorization: "Bearer wrong" }),
			collector.call("/v1/projects/wrong/settings"),
		]) {
			const { status, headers } = await answer;
			expect([status, headers.get("www-authenticate")]).toEqual([401, 'Bearer realm="selfsame"']);
		}
	});

	it.each(["/health", "/ready", "/metrics", "/openapi.json", "/schemas/filter.json", "/docs", "/nowhere", "/v1/batch"])(
		"carry them where no key is needed, as %s, and come from no cache",
		async (path) => {
			const { status, headers } = await collector.call(path);
			expect(headers.get("x-request-id")).toMatch(/./);
			expect(headers.get("x-content-type-options")).toBe("nosniff");
			if (status === 200) expect(headers.get("cache-control")).toBe("no-cache");
		},
	);

	it("come to HTTP/1.0 as well, which names no host: health checks of load balancers speak it", async () => {
		const socket = connect(collector.port, "127.0.0.1");
		let answer = "";
		socket.on("data", (chunk) => {
			answer += chunk;
		});
		socket.write("GET /health HTTP/1.0\r\n\r\n");
		await once(socket, "close");
		expect(answer).toMatch(/^HTTP\/1\.1 200 .*\{"status":"ok"\}$/s);
	});
});

describe("GET /ready", () => {
	it("asks the store once a second, however many ask and whatever it says", async () => {
		let steady = 0;
		const own = await startCollector({ steadyNow: () => steady });
		const { ready } = own.store;
		let asked = 0;
		let isBroken = false;
		own.store.ready = async () => {
			asked += 1;
			await ready();
			if (isBroken) throw new StorageUnavailableError("The disk is full.");
		};
		const statuses = async () =>
			new Set((await Promise.all(Array.from({ length: 50 }, () => own.call("/ready")))).map(({ status }) => status));
		expect(await statuses()).toEqual(new Set([200]));
		isBroken = true;
		steady += 999;
		expect(await statuses()).toEqual(new Set([200]));
		expect(asked).toBe(1);
		steady += 1;
		expect(await statuses()).toEqual(new Set([503]));
		isBroken = false;
		steady += 1_000;
		expect(await statuses()).toEqual(new Set([200]));
		expect(asked).toBe(3);
		await own.stop();
	});
});

describe("requests without a key from one address", () => {
	it("are spread over time past their rate, a second at the most, and the next second owes nothing", () => {
		let steady = 0;
		const rates = createRateLimiter(() => steady);
		const queue = () => rates.queue("a", 200, 1);
		// Ten seconds' worth may come together.
		expect(Array.from({ length: 2_000 }, queue).every((late) => late === 0)).toBe(true);
		const late = Array.from({ length: 500 }, queue);
		expect(late.slice(0, 3)).toEqual([1 / 200, 2 / 200, 3 / 200]);
		expect(late.slice(200).every((seconds) => seconds === 1)).toBe(true);
		expect(rates.queue("b", 200, 1)).toBe(0);
		steady += 1_000;
		expect(queue()).toBeLessThanOrEqual(1 / 200);
	});
});

describe("a process that may open no further file", () => {
	it.each(["EMFILE", "ENFILE"])("answers 503 (%s), as it can the next time", async (code) => {
		const { stats } = collector.store;
		collector.store.stats = () => Promise.reject(Object.assign(new Error(`${code}: too many open files`), { code }));
		const { status, headers } = await collector.get("/v1/stats");
		expect([status, headers.get("retry-after")]).toEqual([503, "5"]);
		collector.store.stats = stats;
		expect((await collector.get("/v1/stats")).status).toBe(200);
	});
});

describe("a stopping server", () => {
	it("refuses new events and still answers reads", async () => {
		await collector.send([track()]);
		collector.refuseEvents();
		const refused = await collector.send([track()]);
		expect(refused.status).toBe(503);
		expect(refused.body).toMatchObject({ code: "shutting_down" });
		expect(refused.headers.get("retry-after")).toBe("1");
		for (const path of ["/ready", "/v1/export/profiles", "/v1/events/stream"]) {
			const { status, headers } = await collector.get(path);
			expect([path, status, headers.get("retry-after")]).toEqual([path, 503, "1"]);
		}
		expect((await collector.profile("user_id:u1"))?.eventCount).toBe(1);
	});

	it("commits what it took", async () => {
		const sent = Array.from({ length: 50 }, (_, at) =>
			collector.send([track({ messageId: `m${at}`, userId: "drained" })]),
		);
		await Promise.race(sent);
		collector.refuseEvents();
		const accepted = (await Promise.all(sent)).filter(({ status }) => status === 200).length;
		expect((await collector.profile("user_id:drained"))?.eventCount).toBe(accepted);
	});
});
