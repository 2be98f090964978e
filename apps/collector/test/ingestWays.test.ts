import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCollector, type TestCollector, webKey } from "./startCollector.ts";

const origin = "https://www.shop.example";
let collector: TestCollector;
beforeAll(async () => {
	collector = await startCollector();
	await collector.setOptions("web", { serverCookie: { origins: [origin] } });
});
afterAll(() => collector.stop());

const ways: Record<string, (query: string, init: RequestInit) => Promise<Response>> = {
	"over a socket": (query, init) => fetch(`${collector.url}/v1/batch${query}`, init),
	"over a socket, its address in an unusual form": (query, init) => fetch(`${collector.url}/v1/%62atch${query}`, init),
	"without a socket": async (query, init) => collector.app.request(`/v1/batch${query}`, init),
};

describe.each(Object.entries(ways))("a request that comes %s", (way, send) => {
	const anonymousId = `visitor ${way}`;
	const batch = JSON.stringify({ batch: [{ type: "page", anonymousId }, { type: "nonsense" }] });
	const cookie = `selfsame_id=${encodeURIComponent(anonymousId)}`;

	it("is stored and answered with verdicts, cookies and what its page may see", async () => {
		const answer = await send(`?writeKey=${webKey}`, { method: "POST", body: batch, headers: { origin, cookie } });
		expect(answer.status).toBe(200);
		expect(await answer.json()).toMatchObject({ accepted: 1, rejected: [{ index: 1 }] });
		expect(answer.headers.getSetCookie()).toEqual([
			`${cookie}; Max-Age=31536000; Path=/; SameSite=Lax; Secure`,
			"selfsame_refreshed=1; Max-Age=86400; HttpOnly; Path=/; SameSite=Lax; Secure",
		]);
		expect(answer.headers.get("content-type")).toBe("application/json");
		expect(answer.headers.get("access-control-allow-origin")).toBe(origin);
		expect(answer.headers.get("x-request-id")).toMatch(/\S/);
		expect(await collector.events(encodeURIComponent(`anonymous_id:${anonymousId}`))).toHaveLength(1);
	});

	it("is refused with a reason", async () => {
		for (const [query, body, status, code] of [
			["", batch, 401, "invalid_key"],
			["?writeKey=none", batch, 401, "invalid_key"],
			[`?writeKey=${webKey}`, "{", 400, "invalid_json"],
			[`?writeKey=${webKey}`, "", 400, "invalid_json"],
			[`?writeKey=${webKey}`, "x".repeat(5 * 1_024 * 1_024), 413, "too_large"],
		] as const) {
			const answer = await send(query, { method: "POST", body });
			expect([answer.status, await answer.json()]).toMatchObject([status, { status, code }]);
			expect(answer.headers.get("content-type")).toBe("application/problem+json");
			expect(answer.headers.get("access-control-allow-origin")).toBe("*");
		}
	});
});
