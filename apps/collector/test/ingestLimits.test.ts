import { gzipSync } from "node:zlib";
import type { JsonObject, Page } from "@selfsame/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { basic, startCollector, type TestCollector, track, webKey, writeKey } from "./startCollector.ts";

let collector: TestCollector;
beforeAll(async () => {
	collector = await startCollector();
});
afterAll(() => collector.stop());

const letters = async () => (await collector.get<Page<JsonObject>>("/v1/rejected?limit=1000")).body.data;

describe("limits hold for what a request becomes", () => {
	it.each(["context", "integrations"])("a large %s of a batch is left out, and no event for it", async (key) => {
		const events = Array.from({ length: 500 }, () => track({ userId: `shared-${key}` }));
		const body = gzipSync(JSON.stringify({ [key]: { pad: "x".repeat(100_000) }, batch: events }));
		const answer = await collector.post("/v1/batch", body);
		expect(answer.body).toMatchObject({ accepted: 500, rejected: [], warnings: [{ code: "context_too_large" }] });
		const [event] = await collector.events(`user_id:shared-${key}`);
		expect(JSON.stringify(event).length).toBeLessThan(1_000);
	});

	it("ten thousand elements that are no events leave one letter, and one more is a 413", async () => {
		const before = (await letters()).length;
		const body = (count: number) => `{"batch":[${Array(count).fill("0").join(",")}]}`;
		const answer = await collector.post("/v1/batch", body(10_000));
		expect([answer.status, answer.body.rejected.length, (await letters()).length]).toEqual([200, 10_000, before + 1]);
		expect(await collector.post("/v1/batch", body(10_001))).toMatchObject({ status: 413, body: { code: "too_large" } });
	});

	it("NaN in one event is that event's, and its neighbours are stored", async () => {
		const text = JSON.stringify({ batch: [1, 2, 3].map((at) => track({ userId: "odd-number", properties: { at } })) });
		const answer = await collector.post("/v1/batch", text.replace('"at":2', '"at":NaN'));
		expect(answer).toMatchObject({
			status: 200,
			body: { accepted: 2, rejected: [{ index: 1, code: "invalid_json" }] },
		});
		expect(await collector.events("user_id:odd-number")).toHaveLength(2);
	});

	it("a number too large to hold removes no trait", async () => {
		const identify = (traits: string) => collector.post("/v1/identify", `{"userId":"ltv","traits":${traits}}`);
		await identify('{"ltv":100}');
		expect((await identify('{"ltv":1e400,"plan":"a"}')).body.warnings).toMatchObject([{ code: "number_too_large" }]);
		expect(await collector.profile("user_id:ltv")).toMatchObject({ traits: { ltv: 100, plan: "a" } });
	});
});

it.each([0, "", " null ", "'undefined'", "00000000-0000-0000-0000-000000000000"])(
	"the placeholder %j as an id is told",
	async (userId) => {
		const { body } = await collector.send([track({ userId })]);
		expect(body).toMatchObject({ accepted: 1, warnings: [{ index: 0, code: "blocked_id" }] });
	},
);

it("times: seconds are refused and not stored as January 1970, and a `sentAt` in seconds moves nothing", async () => {
	const seconds = Math.floor(Date.now() / 1_000);
	const hourAgo = new Date(Date.now() - 3_600_000).toISOString();
	const refused = await collector.send([track({ userId: "times", timestamp: seconds })]);
	expect(refused.body.rejected).toMatchObject([
		{ code: "invalid_timestamp", detail: expect.stringContaining("not seconds") },
	]);
	await collector.send([track({ userId: "times", timestamp: hourAgo })], writeKey, { sentAt: seconds });
	expect((await collector.events("user_id:times")).map(({ timestamp }) => timestamp)).toEqual([hourAgo]);
});

it("a visitor's clock is believed for a minute, a server's for a day", async () => {
	const inAnHour = new Date(Date.now() + 3_600_000).toISOString();
	const at = async (key: string, userId: string) => {
		await collector.send([track({ userId, timestamp: inAnHour })], key);
		return (await collector.events(`user_id:${userId}`))[0]?.timestamp;
	};
	expect(await at(writeKey, "ahead-server")).toBe(inAnHour);
	expect(Date.parse(String(await at(webKey, "ahead-web")))).toBeLessThanOrEqual(Date.now());
});

it("the id that a replay gives an event without one cannot be taken beforehand", async () => {
	const order = JSON.stringify({ type: "track", event: "Order Completed", userId: "replay-id" });
	const cause = { source: "web", receivedAt: Date.now(), code: "not_storable", detail: "A fault since mended." };
	await collector.store.ingest([], [{ ...cause, messageId: null, body: order }]);
	const [letter] = (await letters()).filter(({ code }) => code === "not_storable");
	const guesses = [letter?.id, Number(letter?.id) + 1].map((id) =>
		track({ userId: "mallory", messageId: `rejected-${id}` }),
	);
	await collector.send(guesses, webKey);
	const replay = () => collector.act<JsonObject>("POST", "/v1/rejected/replay", { ids: [letter?.id] });
	expect((await replay()).body).toMatchObject({ accepted: 1, duplicates: 0 });
	expect(await collector.events("user_id:replay-id")).toHaveLength(1);
});

it("an event shows nothing of its visitor's as the collector's own word", async () => {
	const forged = { profileId: "pro_forged", seq: 7, claimedUserId: "forged", source: "server", receivedAt: "never" };
	await collector.send([track({ userId: "forger", ...forged })], webKey);
	const [event] = await collector.events("user_id:forger");
	expect(event).toMatchObject({ source: "web" });
	expect(JSON.stringify(event)).not.toMatch(/forged|never/);
});

it("under `enforce` a group call without proof joins nobody and leaves the group's traits alone", async () => {
	await collector.send([{ type: "group", userId: "member", groupId: "acme", traits: { plan: "gold" } }]);
	const secrets = { k1: "a secret of at least thirty-two characters" };
	await collector.setOptions("web", { identityVerification: "enforce", identitySecrets: secrets });
	const group = { type: "group", groupId: "acme", traits: { plan: "free" } };
	const { body } = await collector.send(
		[
			{ ...group, userId: "mallory" },
			{ ...group, anonymousId: "anon-mallory" },
		],
		webKey,
	);
	expect(body.warnings.filter(({ code }) => code === "unproven_group").map(({ index }) => index)).toEqual([0, 1]);
	expect((await collector.get("/v1/groups/acme")).body).toMatchObject({ traits: { plan: "gold" }, memberCount: 1 });
	const [event] = await collector.events("anonymous_id:anon-mallory");
	expect(event).toMatchObject({ type: "group", claimedGroup: { groupId: "acme", traits: { plan: "free" } } });
	await collector.setOptions("web", {});
});

it("random hostile batches: every count adds up and every honest neighbour is stored", async () => {
	const seed = Number(process.env.SELFSAME_SEED ?? Math.floor(Math.random() * 2 ** 31));
	let state = seed || 1;
	const random = (below: number) => {
		state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
		return Math.floor((state / 2 ** 32) * below);
	};
	const parts = [
		"NaN",
		"1e999",
		'"\\ud800"',
		'"\\u0000"',
		"null",
		"[]",
		"{}",
		'"null"',
		"9007199254740993",
		'{"a":{"b":[1e400]}}',
		"'x'",
		'"x"',
	];
	const part = () => parts[random(parts.length)] as string;
	const keys = [
		"userId",
		"anonymousId",
		"properties",
		"traits",
		"context",
		"timestamp",
		"messageId",
		"type",
		"groupId",
		"__proto__",
		"sentAt",
	];
	const hostile = () =>
		random(5) === 0
			? part()
			: `{"type":"track","event":"E",${Array.from({ length: 1 + random(4) }, () => `"${keys[random(keys.length)]}":${part()}`).join(",")}}`;
	let honest = 0;
	for (let round = 0; round < 60; round++) {
		const elements = Array.from({ length: 1 + random(20) }, hostile);
		for (let at = 0; at < 3; at++) {
			const neighbour = JSON.stringify(track({ userId: "honest", messageId: `honest-${honest++}` }));
			elements.splice(random(elements.length + 1), 0, neighbour);
		}
		const shared = random(3) === 0 ? `,"context":${part()},"sentAt":${part()}` : "";
		const answer = await collector.post("/v1/batch", `{"batch":[${elements}]${shared}}`, basic(webKey));
		const told = `seed ${seed}, round ${round}: ${JSON.stringify(answer.body).slice(0, 300)}`;
		if (answer.status === 400 && /NaN|'x'/.test(shared)) {
			honest -= 3;
			continue;
		}
		expect(answer.status, told).toBe(200);
		const { accepted, duplicates, dropped, rejected } = answer.body;
		expect(accepted + duplicates + dropped + rejected.length, told).toBe(elements.length);
	}
	expect((await collector.events("user_id:honest")).length, `seed ${seed}`).toBe(honest);
});
