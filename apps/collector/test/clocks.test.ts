import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { hashKey } from "../src/auth/hashKey.ts";
import type { Deps } from "../src/deps.ts";
import { trimRejected } from "../src/ingest/trimRejected.ts";
import { apiKey, startCollector, type TestCollector, track, webKey } from "./startCollector.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** How far the machine's clock is set while the server runs. */
const jumps = [
	["an hour back", -HOUR],
	["an hour ahead", HOUR],
	["to 1970", -Date.UTC(2026, 0, 1)],
	["ten years ahead", 3_650 * DAY],
] as const;

let collector: TestCollector;
let [wall, steady] = [Date.UTC(2026, 0, 1), 0];
beforeEach(async () => {
	[wall, steady] = [Date.UTC(2026, 0, 1), Date.UTC(2026, 0, 1)];
	collector = await startCollector({ now: () => wall, steadyNow: () => steady });
});
afterEach(() => collector.stop());

/** Time passes on both clocks. */
const pass = (ms: number) => {
	wall += ms;
	steady += ms;
};
const statusOf = async (answer: Promise<{ status: number }>) => (await answer).status;

describe.each(jumps)("a clock that is set %s", (_, jump) => {
	it("keeps no secret key that was removed, and no new one waiting", async () => {
		const make = (id: string) =>
			collector.store.putSecretKey({
				id,
				name: id,
				hash: hashKey(id),
				scopes: ["read"],
				createdAt: wall,
				lastUsedAt: null,
			});
		const ask = (key: string) => statusOf(collector.call("/v1/stats", { headers: { authorization: `Bearer ${key}` } }));
		await make("key_old");
		pass(4_000);
		expect(await ask("key_old")).toBe(200);
		wall += jump;
		expect(await ask("key_old")).toBe(200);
		await collector.store.removeSecretKey("key_old");
		await make("key_new");
		pass(4_000);
		expect([await ask("key_old"), await ask("key_new")]).toEqual([401, 200]);
		const used = (await collector.store.listSecretKeys()).find(({ id }) => id === "key_new");
		await vi.waitFor(async () =>
			expect((await collector.store.listSecretKeys()).find(({ id }) => id === used?.id)?.lastUsedAt).toBe(wall),
		);
	});

	it("keeps no write key that was removed, and no new source waiting", async () => {
		const web = (await collector.store.listSources()).find(({ id }) => id === "web");
		if (!web) throw new Error("no source");
		expect(await statusOf(collector.send([track()], webKey))).toBe(200);
		wall += jump;
		expect(await statusOf(collector.send([track()], webKey))).toBe(200);
		await collector.store.putSource({ ...web, writeKeys: [] });
		await collector.store.putSource({ ...web, id: "fresh", writeKeys: ["write-key-of-fresh"] });
		pass(4_000);
		expect(await statusOf(collector.send([track()], webKey))).toBe(401);
		expect(await statusOf(collector.send([track()], "write-key-of-fresh"))).toBe(200);
	});

	it("neither lends nor keeps back what a source may send a second", async () => {
		await collector.setOptions("web", { rateLimit: { perKey: 1 } });
		const many = Array.from({ length: 12 }, () => track());
		expect(await statusOf(collector.send(many, webKey))).toBe(200);
		wall += jump;
		const refused = await collector.send([track()], webKey);
		expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "3"]);
		pass(3_000);
		expect(await statusOf(collector.send([track()], webKey))).toBe(200);
	});

	it("neither repeats a request that was answered, nor forgets it", async () => {
		await collector.send([{ type: "identify", userId: "r1" }]);
		const replay = async () => {
			const { headers } = await collector.call("/v1/rejected/replay", {
				method: "POST",
				headers: { authorization: `Bearer ${apiKey}`, "idempotency-key": "k" },
				body: "{}",
			});
			return headers.get("idempotency-replayed");
		};
		expect(await replay()).toBeNull();
		wall += jump;
		expect(await replay()).toBe("true");
		pass(DAY - 1);
		expect(await replay()).toBe("true");
	});

	it("throws away no rejected event before its time", async () => {
		vi.useFakeTimers();
		const asked: number[] = [];
		const trim = async ({ before }: { before: number }) => asked.push(before) && 0;
		const deps = { config: { rejected: { maxCount: 10, maxAgeDays: 30 } }, now: () => wall, steadyNow: () => steady };
		const stop = trimRejected({ ...deps, store: { trimRejected: trim } } as unknown as Deps);
		const received = wall;
		wall += jump;
		await vi.advanceTimersByTimeAsync(60_000);
		stop();
		vi.useRealTimers();
		expect(asked).toHaveLength(1);
		expect(asked[0]).toBeLessThan(received);
	});
});

describe("a source whose key was removed", () => {
	it("takes nothing more from whoever comes after a long pause", async () => {
		const web = (await collector.store.listSources()).find(({ id }) => id === "web");
		expect(await statusOf(collector.send([track()], webKey))).toBe(200);
		if (web) await collector.store.putSource({ ...web, writeKeys: [] });
		pass(HOUR);
		expect(await statusOf(collector.send([track()], webKey))).toBe(401);
	});

	it("is taken within a second where it is new, and asked for by whoever sends a key that nobody knows", async () => {
		expect(await statusOf(collector.send([track()], "write-key-of-next"))).toBe(401);
		const [source] = await collector.store.listSources();
		if (source) await collector.store.putSource({ ...source, id: "next", writeKeys: ["write-key-of-next"] });
		pass(1_000);
		expect(await statusOf(collector.send([track()], "write-key-of-next"))).toBe(200);
	});
});
