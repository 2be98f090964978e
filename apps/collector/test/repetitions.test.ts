import { randomUUID } from "node:crypto";
import type { JsonObject, Problem, Profile } from "@selfsame/protocol";
import { afterEach, expect, it } from "vitest";
import { createCollector, listen } from "../src/index.ts";
import { checkedFetch } from "./checkedFetch.ts";
import { apiKey, startCollector, type TestCollector, track } from "./startCollector.ts";

let collector: TestCollector;
let now = Date.parse("2026-01-01T00:00:00.000Z");
const clocks = { now: () => now, steadyNow: () => now };
const start = async () => {
	collector = await startCollector(clocks);
	await collector.send([
		{ type: "identify", userId: "r1", traits: { name: "One" } },
		{ type: "identify", userId: "r2", traits: { city: "Rome" } },
	]);
};
afterEach(() => collector.stop());

const ask = (path: string, key: string, body?: unknown, method = "POST") =>
	collector.call<Profile & Problem & JsonObject>(path, {
		method,
		headers: { authorization: `Bearer ${apiKey}`, "idempotency-key": key },
		...(body === undefined ? {} : { body: JSON.stringify(body) }),
	});
const merge = (key: string, userId = "r2") => ask("/v1/profiles/user_id:r1/merge", key, { userId, reason: "the same" });
const profile = async () => (await collector.get<Profile>("/v1/profiles/user_id:r1")).body;

it("answers a repetition as the first time, and changes nothing", async () => {
	await start();
	const first = await merge("k1");
	expect(first).toMatchObject({ status: 200, body: { eventCount: 2 } });
	expect(first.headers.get("idempotency-replayed")).toBeNull();
	// Undone since: a repetition that was carried out would redo it.
	now += 1_000;
	await collector.act("POST", "/v1/profiles/user_id:r1/unmerge", { userId: "r2", reason: "they are not" });
	const again = await merge("k1");
	expect(again).toMatchObject({ status: 200, body: first.body });
	expect(again.headers.get("idempotency-replayed")).toBe("true");
	expect((await profile()).eventCount).toBe(1);
	now += 1_000;
	expect((await merge("k2")).headers.get("idempotency-replayed")).toBeNull();
	expect((await profile()).eventCount).toBe(2);
});

it("repeats refusals, receipts and replays too", async () => {
	await start();
	const calls = [
		["/v1/profiles/user_id:r1/unmerge", { userId: "r2", reason: "r" }, "POST", 409],
		["/v1/profiles/user_id:nobody/merge", { userId: "r2", reason: "r" }, "POST", 404],
		["/v1/profiles/user_id:r2?suppress=true", { reason: "asked" }, "DELETE", 200],
		["/v1/rejected/replay", {}, "POST", 200],
	] as const;
	for (const [path, body, method, status] of calls) {
		const key = randomUUID();
		const first = await ask(path, key, body, method);
		expect(first.status).toBe(status);
		const again = await ask(path, key, body, method);
		expect(again).toMatchObject({ status, body: first.body });
		expect(again.headers.get("content-type")).toBe(first.headers.get("content-type"));
	}
});

it("refuses the key of another request, and what is no key", async () => {
	await start();
	expect((await merge("k1")).status).toBe(200);
	expect(await merge("k1", "r3")).toMatchObject({ status: 422, body: { code: "idempotency_key_reused" } });
	expect((await ask("/v1/profiles/user_id:r2/merge", "k1", { userId: "r2", reason: "the same" })).status).toBe(422);
	expect((await merge("x".repeat(256))).status).toBe(400);
	expect((await merge("é")).status).toBe(400);
	// A request that was never understood has not used its key.
	expect((await ask("/v1/profiles/user_id:r1/merge", "k9", { userId: 5 })).status).toBe(400);
	expect((await merge("k9")).status).toBe(200);
});

it("carries out one of many at once", async () => {
	await start();
	const answers = await Promise.all(Array.from({ length: 20 }, () => merge("k1")));
	const fresh = answers.filter(({ status, headers }) => status === 200 && !headers.has("idempotency-replayed"));
	expect(fresh).toHaveLength(1);
	for (const { status, body, headers } of answers) {
		if (status === 409) expect([body.code, headers.get("retry-after")]).toEqual(["request_in_progress", "1"]);
		else expect(status).toBe(200);
	}
});

it("remembers over a restart, for a day, and no longer than the person is there", async () => {
	await start();
	const first = await merge("k1");
	await collector.send([track({ userId: "bystander" })]);
	await collector.refuseEvents();
	await collector.close();
	const next = await createCollector({ databaseUrl: collector.databaseUrl, ...clocks });
	const listening = await listen(next, { port: 0, host: "127.0.0.1" });
	const again = (path = "/v1/profiles/user_id:r1/merge", body: unknown = { userId: "r2", reason: "the same" }) =>
		checkedFetch(listening.url + path, {
			method: path.endsWith("merge") ? "POST" : "DELETE",
			headers: { authorization: `Bearer ${apiKey}`, "idempotency-key": "k1" },
			body: JSON.stringify(body),
		});
	const replayed = await again();
	expect([replayed.headers.get("idempotency-replayed"), await replayed.json()]).toEqual(["true", first.body]);

	now += 24 * 3_600_000 + 1;
	const forgotten = await again();
	expect([forgotten.status, forgotten.headers.get("idempotency-replayed")]).toEqual([200, null]);

	await next.store.deleteProfile(
		{ type: "user_id", value: "r1" },
		{ suppress: false, dryRun: false },
		{ actor: "a", reason: "r", at: now },
	);
	const gone = await again();
	expect([gone.status, gone.headers.get("idempotency-replayed")]).toEqual([404, null]);
	await listening.stop(500);
	await next.close();
});

it("takes up what a process that is gone had claimed", async () => {
	await start();
	const { store } = collector;
	const limits = { forgetBefore: 0, abandonedBefore: now - 60_000 };
	const request = { hash: "h", request: "r", at: now };
	expect(await store.claimRequest(request, limits)).toEqual({ state: "new" });
	expect(await store.claimRequest({ ...request, at: now + 1 }, limits)).toEqual({ state: "running" });
	expect(await store.claimRequest({ ...request, at: now + 60_001 }, { ...limits, abandonedBefore: now + 1 })).toEqual({
		state: "new",
	});
	await store.releaseRequest("h");
	expect(await store.claimRequest(request, limits)).toEqual({ state: "new" });
});
