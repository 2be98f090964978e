import type { JsonObject } from "@selfsame/protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startCollector, type TestCollector, track, webKey } from "./startCollector.ts";

const origin = "https://www.shop.example";
let collector: TestCollector;
beforeAll(async () => {
	collector = await startCollector();
});
afterAll(() => collector.stop());
beforeEach(() => setOptions({ origins: [origin, "http://localhost:3000"], domain: "shop.example" }));

const setOptions = (serverCookie: JsonObject) => collector.setOptions("web", { serverCookie });

/** Sends as the browser SDK does: a simple request with the key in the body. */
async function send(headers: Record<string, string>, events: JsonObject[] = [track({ anonymousId: "a1" })]) {
	const body = JSON.stringify({ batch: events, writeKey: webKey });
	const { status, headers: answered } = await collector.post("/v1/batch", body, {
		"content-type": "text/plain",
		...headers,
	});
	return { status, headers: answered, cookies: answered.getSetCookie() };
}

describe("the cookie of the browser SDK", () => {
	it("is refreshed for a year, readable by script, for the SDK's own domain", async () => {
		const { status, headers, cookies } = await send({ origin, cookie: "other=1; selfsame_id=a1" });
		expect(status).toBe(200);
		expect(cookies).toEqual([
			"selfsame_id=a1; Max-Age=31536000; Path=/; SameSite=Lax; Domain=shop.example; Secure",
			"selfsame_refreshed=1; Max-Age=86400; HttpOnly; Path=/; SameSite=Lax; Domain=shop.example; Secure",
		]);
		expect(headers.get("access-control-allow-origin")).toBe(origin);
		expect(headers.get("access-control-allow-credentials")).toBe("true");
		expect(headers.get("vary")).toContain("Origin");
		expect(headers.get("access-control-expose-headers")).toContain("Retry-After");
	});

	it("is the host's own without a domain, and not Secure where the page is not", async () => {
		await setOptions({ origins: ["http://localhost:3000"] });
		const { cookies } = await send({ origin: "http://localhost:3000", cookie: "selfsame_id=a1" });
		expect(cookies[0]).toBe("selfsame_id=a1; Max-Age=31536000; Path=/; SameSite=Lax");
	});

	it("keeps odd ids as they are, and lets none break the header", async () => {
		const anonymousId = "ä; Domain=evil.example\r\nX: y,😀";
		const cookie = `selfsame_id=${encodeURIComponent(anonymousId)}`;
		const { cookies } = await send({ origin, cookie }, [track({ anonymousId })]);
		expect(cookies[0]).toMatch(new RegExp(`^${cookie}; Max-Age`));
	});

	it.each([
		["from another origin", { origin: "https://evil.example", cookie: "selfsame_id=a1" }, "a1"],
		["from no page", { cookie: "selfsame_id=a1" }, "a1"],
		["without one, as before consent", { origin }, "a1"],
		["with another id, as after a reset", { origin, cookie: "selfsame_id=a2" }, "a1"],
		["twice a day", { origin, cookie: "selfsame_id=a1; selfsame_refreshed=1" }, "a1"],
		["for events of no anonymous id", { origin, cookie: "selfsame_id=a1" }, null],
		["broken", { origin, cookie: "selfsame_id=%E0%A4%A" }, "%E0%A4%A"],
	])("is not set %s", async (_, headers, anonymousId) => {
		const { status, cookies } = await send(headers as Record<string, string>, [track({ anonymousId })]);
		expect(status).toBe(200);
		expect(cookies).toEqual([]);
	});

	it("takes credentials from listed origins alone", async () => {
		const elsewhere = await send({ origin: "https://evil.example", cookie: "selfsame_id=a1" });
		expect(elsewhere.headers.get("access-control-allow-origin")).toBe("*");
		expect(elsewhere.headers.get("access-control-allow-credentials")).toBeNull();
		const preflight = async (from: string) =>
			(
				await collector.call("/v1/batch", {
					method: "OPTIONS",
					headers: { origin: from, "access-control-request-headers": "content-type" },
				})
			).headers;
		expect((await preflight(origin)).get("access-control-allow-credentials")).toBe("true");
		expect((await preflight(origin)).get("access-control-allow-headers")).toBe("content-type");
		expect((await preflight("https://evil.example")).get("access-control-allow-origin")).toBe("*");
		expect((await preflight("https://evil.example")).get("access-control-allow-credentials")).toBeNull();
		await collector.setOptions("web", {});
		const off = await send({ origin, cookie: "selfsame_id=a1" });
		expect(off.headers.get("access-control-allow-credentials")).toBeNull();
		expect(off.cookies).toEqual([]);
	});

	it("leaves a refusal readable for the page that sent credentials", async () => {
		const { status, headers } = await collector.post("/v1/batch", "{", { origin, cookie: "selfsame_id=a1" });
		expect(status).toBe(400);
		expect(headers.get("access-control-allow-origin")).toBe(origin);
		expect(headers.get("access-control-allow-credentials")).toBe("true");
	});
});
