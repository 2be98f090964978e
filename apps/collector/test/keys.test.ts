import type { Store } from "@selfsame/store";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createKeyRing } from "../src/auth/createKeyRing.ts";
import { createKeyWatch } from "../src/auth/createKeyWatch.ts";
import { hashKey } from "../src/auth/hashKey.ts";
import { isLoopbackHost } from "../src/auth/isLocal.ts";
import { createRateLimiter } from "../src/ingest/createRateLimiter.ts";
import { askRaw } from "./askRaw.ts";
import { apiKey, basic, startCollector, type TestCollector, track, writeKey } from "./startCollector.ts";

let collector: TestCollector;
afterEach(() => collector?.stop());

const follower = {
	id: "key_f",
	name: "f",
	hash: hashKey("sss_follower"),
	scopes: ["read", "pii:read"],
	createdAt: 0,
	lastUsedAt: null,
};
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

describe("whoever tries wrong keys", () => {
	let steady = 0;
	const start = async () => {
		collector = await startCollector({ steadyNow: () => steady, config: { trustedProxies: ["127.0.0.1"] } });
	};
	const event = JSON.stringify(track());
	const wrong = {
		read: (headers = {}) => collector.call("/v1/stats", { headers: { ...bearer("sss_wrong"), ...headers } }),
		send: (headers = {}) => collector.post("/v1/track", event, { ...bearer("ssw_wrong"), ...headers }),
		inBody: (headers = {}) => collector.post("/v1/track", JSON.stringify(track({ writeKey: "ssw_wrong" })), headers),
		settings: (headers = {}) => collector.call("/v1/projects/ssw_wrong/settings", { headers }),
	};

	it.each(Object.keys(wrong) as (keyof typeof wrong)[])("to %s is told to wait, and nobody else is", async (kind) => {
		await start();
		const statuses: number[] = [];
		for (let at = 0; at < 120; at++) statuses.push((await wrong[kind]()).status);
		expect(statuses.filter((status) => status === 401)).toHaveLength(100);
		const last = await wrong[kind]();
		expect([last.status, last.headers.get("retry-after")]).toEqual([429, "1"]);
		// The same address with a key that is known, and another address with a wrong one.
		expect((await collector.get("/v1/stats")).status).toBe(200);
		expect((await collector.post("/v1/track", event, basic(writeKey))).status).toBe(200);
		expect((await wrong[kind]({ "x-forwarded-for": "203.0.113.7:99" })).status).toBe(401);
		steady += 1_000;
		expect((await wrong[kind]()).status).toBe(401);
		const { body } = await collector.call<string>("/metrics");
		const needed = kind === "read" ? "secret" : "write";
		expect(body).toContain(`selfsame_keys_refused_total{kind="${needed}",code="rate_limited"} 21`);
		expect(body).toContain(`selfsame_keys_refused_total{kind="${needed}",code="invalid_key"} 102`);
	});

	it("counts a key that lacks a scope, and slows it down never", async () => {
		await start();
		const key = {
			id: "key_r",
			name: "r",
			hash: hashKey("sss_reads"),
			scopes: ["read"],
			createdAt: 0,
			lastUsedAt: null,
		};
		await collector.store.putSecretKey(key);
		for (let at = 0; at < 150; at++) {
			const { status } = await collector.call("/v1/rejected/replay", { method: "POST", headers: bearer("sss_reads") });
			expect(status).toBe(403);
		}
		const { body } = await collector.call<string>("/metrics");
		expect(body).toContain('selfsame_keys_refused_total{kind="secret",code="missing_scope"} 150');
	});

	it("leaves one line a minute, with counts alone", () => {
		vi.useFakeTimers();
		const lines: object[] = [];
		const log = { warn: (line: object) => lines.push(line) } as never;
		const watch = createKeyWatch({ rates: createRateLimiter(() => 0), metrics: { countKeyRefused: () => {} }, log });
		for (let at = 0; at < 130; at++) watch.refuse("secret", "203.0.113.7", "no");
		watch.refuse("write", undefined, "no");
		watch.forbid();
		expect(lines).toEqual([{ wrongSecretKeys: 1 }]);
		vi.advanceTimersByTime(60_000);
		const told = [
			{ wrongSecretKeys: 1 },
			{ wrongSecretKeys: 129, slowedDown: 30, wrongWriteKeys: 1, missingScopes: 1 },
		];
		expect(lines).toEqual(told);
		vi.advanceTimersByTime(59_000);
		watch.forbid();
		expect(lines).toEqual(told);
		vi.advanceTimersByTime(600_000);
		expect(lines).toEqual([...told, { missingScopes: 1 }]);
		watch.forbid();
		watch.forbid();
		watch.close();
		expect(lines.slice(3)).toEqual([{ missingScopes: 1 }, { missingScopes: 1 }]);
		vi.useRealTimers();
	});
});

describe("a secret key", () => {
	it("reads while the note of its use waits for the writer", async () => {
		const key = { id: "k", name: "k", hash: hashKey("sss_k"), scopes: ["read"], createdAt: 0, lastUsedAt: null };
		const notes: string[] = [];
		const store = {
			listSecretKeys: async () => [key],
			touchSecretKey(id: string) {
				notes.push(id);
				return new Promise<never>(() => {});
			},
		};
		const ring = createKeyRing(store, { now: () => 0, steadyNow: () => 0 });
		expect(await ring.find("sss_k")).toEqual(key);
		expect(await ring.find("sss_k")).toEqual(key);
		expect(notes).toEqual(["k"]);
	});

	it.each([
		["is removed", (store: Store) => store.removeSecretKey("key_f")],
		["is another one under the same id", (store: Store) => store.putSecretKey({ ...follower, hash: hashKey("other") })],
		["may do less", (store: Store) => store.putSecretKey({ ...follower, scopes: [] })],
	])("follows nobody on once it %s", async (_, end) => {
		let steady = 0;
		collector = await startCollector({ steadyNow: () => steady });
		await collector.store.putSecretKey(follower);
		const response = await fetch(`${collector.url}/v1/events/stream`, { headers: bearer("sss_follower") });
		const read = (async () => Buffer.from(await response.arrayBuffer()).toString())();
		await vi.waitFor(async () =>
			expect((await collector.call<string>("/metrics")).body).toContain("selfsame_live_streams 1"),
		);
		await end(collector.store);
		steady += 4_000;
		await collector.send([track({ userId: "after" })]);
		const text = await read;
		expect(text).toContain(": the key is not valid any more");
		expect(text).not.toContain("after");
	});
});

describe("/metrics", () => {
	it.each<[string, string[], number]>([
		["127.0.0.1", ["Host: 127.0.0.1:4600"], 200],
		["localhost", ["Host: localhost"], 200],
		["a name below localhost", ["Host: shop.localhost:4600"], 200],
		["IPv6", ["Host: [::1]:4600"], 200],
		["a name that leads here (DNS rebinding)", ["Host: evil.example:4600"], 401],
		["a name that looks like it", ["Host: localhost.evil.example"], 401],
		["an address in a name", ["Host: 127.0.0.1.evil.example"], 401],
		["another address", ["Host: 192.0.2.1"], 401],
		["any address", ["Host: 0.0.0.0"], 401],
		["a proxy", ["Host: localhost", "X-Forwarded-For: 203.0.113.7"], 401],
		["a proxy that names itself", ["Host: localhost", "Via: 1.1 proxy"], 401],
		["a proxy of RFC 7239", ["Host: localhost", "Forwarded: for=127.0.0.1"], 401],
		["a proxy that says how it was spoken to", ["Host: localhost", "X-Forwarded-Proto: https"], 401],
		["a proxy with its own header", ["Host: localhost", "X-Real-IP: 127.0.0.1"], 401],
		["elsewhere, with a key", ["Host: evil.example", `Authorization: Bearer ${apiKey}`], 200],
		["elsewhere, with a write key", ["Host: evil.example", `Authorization: Bearer ${writeKey}`], 401],
	])("asked through %s", async (_, headers, status) => {
		collector = await startCollector();
		expect((await askRaw(collector.port, "GET /metrics", headers)).status).toBe(status);
		for (const path of ["/health", "/ready"])
			expect((await askRaw(collector.port, `GET ${path}`, headers)).status).toBe(200);
	});

	it("knows addresses from names", () => {
		expect(
			["127.0.0.1:80", "127.9.9.9", "[::1]", "::1", "[::ffff:127.0.0.1]:80", "LOCALHOST."].every(isLoopbackHost),
		).toBe(true);
		expect(["", "local", "10.0.0.1", "[::2]", "127.1", "xlocalhost"].some(isLoopbackHost)).toBe(false);
	});
});
