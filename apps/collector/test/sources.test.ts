import type { JsonObject } from "@selfsame/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { basic, startCollector, type TestCollector, track, webKey } from "./startCollector.ts";

let collector: TestCollector;
let now = Date.now();
beforeAll(async () => {
	collector = await startCollector({
		now: () => now,
		steadyNow: () => now,
		config: { trustedProxies: ["127.0.0.1", "10.0.0.0/8"] },
	});
});
afterAll(() => collector.stop());

let count = 0;
/** Sends one event through the public key and reads back its context. */
async function contextOf(context: JsonObject, headers: Record<string, string> = {}): Promise<JsonObject> {
	const userId = `context ${count++}`;
	const { body } = await collector.post("/v1/track", JSON.stringify(track({ userId, context })), {
		...basic(webKey),
		...headers,
	});
	expect(body.accepted).toBe(1);
	const [event] = await collector.events(encodeURIComponent(`user_id:${userId}`));
	return event?.context as JsonObject;
}

describe("addresses", () => {
	const forwarded = { "x-forwarded-for": "6.6.6.6, 203.0.113.77, 10.1.2.3" };

	it.each([
		["left out", undefined, {}, undefined],
		["left out, with the event's own", undefined, { ip: "1.2.3.4" }, "1.2.3.4"],
		["off", "off", { ip: "1.2.3.4" }, undefined],
		["truncated", "truncated", {}, "203.0.113.0"],
		["truncated, with the event's own", "truncated", { ip: "2001:db8:1:2:3:4:5:6" }, "2001:db8:1::"],
		["truncated, with one that is none", "truncated", { ip: "x" }, undefined],
		["kept", "kept", {}, "203.0.113.77"],
		["kept, with the event's own", "kept", { ip: "1.2.3.4" }, "1.2.3.4"],
	])("are kept as the source says: %s", async (_, ip, context, expected) => {
		await collector.setOptions("web", ip ? { ip } : {});
		expect((await contextOf(context as JsonObject, forwarded)).ip).toBe(expected);
	});

	it("come from the nearest hop that no trusted proxy is", async () => {
		await collector.setOptions("web", { ip: "kept" });
		const address = async (value: string) => (await contextOf({}, { "x-forwarded-for": value })).ip;
		expect(await address("203.0.113.9")).toBe("203.0.113.9");
		expect(await address("10.0.0.1, 10.0.0.2")).toBe("10.0.0.1");
		expect(await address("::ffff:203.0.113.9")).toBe("203.0.113.9");
		expect(await address("nonsense")).toBe("127.0.0.1");
		expect(await address("203.0.113.9, nonsense, 10.0.0.2")).toBe("10.0.0.2");
	});

	it("are the peer's own where no proxy is trusted", async () => {
		const direct = await startCollector();
		await direct.setOptions("web", { ip: "kept" });
		await direct.post("/v1/track", JSON.stringify(track({ context: {} })), { ...basic(webKey), ...forwarded });
		const [event] = await direct.events("user_id:u1");
		expect(event?.context).toMatchObject({ ip: "127.0.0.1" });
		await direct.stop();
	});
});

describe("bots", () => {
	it("are flagged and kept", async () => {
		await collector.setOptions("web", {});
		const googlebot = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";
		const chrome =
			"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";
		expect((await contextOf({ app: 1 }, { "user-agent": googlebot })).bot).toBe(true);
		expect((await contextOf({ userAgent: googlebot }, { "user-agent": chrome })).bot).toBe(true);
		expect(await contextOf({ app: 1 }, { "user-agent": chrome })).toEqual({ app: 1 });
	});
});

describe("origins", () => {
	it("are those the source allows, and the answer can be read by the page either way", async () => {
		await collector.setOptions("web", { allowedOrigins: ["https://shop.example"] });
		const from = (origin: string) => collector.post("/v1/track", JSON.stringify(track()), { ...basic(webKey), origin });
		expect((await from("https://shop.example")).status).toBe(200);
		for (const origin of ["https://evil.example", "null", "https://shop.example.evil.example", "http://shop.example"]) {
			const { status, headers, body } = await from(origin);
			expect(status).toBe(403);
			expect(body.code).toBe("origin_not_allowed");
			expect(headers.get("access-control-allow-origin")).toBe("*");
		}
		const inBody = await collector.post("/v1/track", JSON.stringify(track({ writeKey: webKey })), {
			origin: "https://evil.example",
		});
		expect(inBody.status).toBe(403);
		expect((await collector.send([track()], webKey)).status).toBe(200);
	});
});

describe("options that were stored by another version", () => {
	it("hold as they did, where they match nothing", async () => {
		await collector.setOptions("web", { allowedOrigins: ["https://shop.example/"], nextYears: true });
		const from = (origin: string) => collector.post("/v1/track", JSON.stringify(track()), { ...basic(webKey), origin });
		expect((await from("https://shop.example")).status).toBe(403);
		expect((await collector.send([track()], webKey)).status).toBe(200);
	});

	it("keep their own source's events with the sender where they are unreadable, and nobody else's", async () => {
		await collector.setOptions("web", { ip: "hashed" });
		const refused = await collector.send([track()], webKey);
		expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "60"]);
		expect(refused.body).toMatchObject({ code: "storage_unavailable", detail: expect.stringContaining('"web"') });
		expect((await collector.call(`/v1/projects/${webKey}/settings`)).status).toBe(503);
		expect((await collector.send([track()])).status).toBe(200);
		await collector.setOptions("web", {});
		await collector.send([{}], webKey);
		await collector.setOptions("web", { identityVerification: "always" });
		const replayed = await collector.act<{ remaining: object[] }>("POST", "/v1/rejected/replay", {});
		expect(replayed.body.remaining).toContainEqual(expect.objectContaining({ code: "invalid_key" }));
		await collector.setOptions("web", {});
		expect((await collector.send([track()], webKey)).status).toBe(200);
	});
});

describe("rates", () => {
	it.each(["perKey", "perAddress"])("are held %s, and say how long to wait", async (kind) => {
		await collector.setOptions("web", { rateLimit: { [kind]: 2 } });
		now += 3_600_000;
		expect(
			(
				await collector.send(
					Array.from({ length: 30 }, () => track()),
					webKey,
				)
			).status,
		).toBe(200);
		const refused = await collector.send([track()], webKey);
		expect(refused.status).toBe(429);
		expect(refused.body).toMatchObject({ code: "rate_limited" });
		// 20 were saved up, 30 were sent: the debt of 10, and one more, take 5.5 s at 2 a second.
		expect(refused.headers.get("retry-after")).toBe("6");
		now += 6_000;
		expect((await collector.send([track()], webKey)).status).toBe(200);
	});

	it("count each address for itself, behind a proxy too", async () => {
		await collector.setOptions("web", { rateLimit: { perAddress: 1 } });
		now += 3_600_000;
		const from = (address: string) =>
			collector.post("/v1/batch", JSON.stringify({ batch: Array.from({ length: 11 }, () => track()) }), {
				...basic(webKey),
				"x-forwarded-for": address,
			});
		expect((await from("203.0.113.1")).status).toBe(200);
		expect((await from("203.0.113.1")).status).toBe(429);
		expect((await from("203.0.113.2")).status).toBe(200);
		expect((await from("2001:db8::1")).status).toBe(200);
		expect((await from("2001:db8::2")).status).toBe(429);
	});
});
