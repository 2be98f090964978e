import type { Explanation, Filter, JsonObject, Page, Problem, Profile } from "@selfsame/protocol";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hashKey } from "../src/auth/hashKey.ts";
import { startCollector, type TestCollector, track } from "./startCollector.ts";

let collector: TestCollector;
const ago = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString();

/** A key that may read, and see nothing personal. */
const restricted = "sk_restricted";

beforeAll(async () => {
	collector = await startCollector();
	const record = { id: "r", name: "restricted", hash: hashKey(restricted), scopes: ["read"], createdAt: 0 };
	await collector.store.putSecretKey({ ...record, lastUsedAt: null });
	const people = ["ann", "ben", "cyd"].map((userId, at) => ({
		type: "identify",
		userId,
		traits: { plan: ["pro", "free", "pro"][at], email: `${userId}@shop.example`, boss: { name: "Zoe", level: at } },
		timestamp: ago(300),
	}));
	await collector.send([
		...people,
		track({
			userId: "ann",
			event: "Cart",
			timestamp: ago(5),
			messageId: "cart-of-ann",
			properties: { sku: "x", "a.b": 1 },
		}),
		track({
			userId: "ann",
			event: "Order",
			timestamp: ago(4),
			messageId: "order-of-ann",
			properties: { sku: "x", price: 12.5 },
		}),
		track({ userId: "ben", event: "Cart", timestamp: ago(5), properties: { sku: "x" } }),
		track({ userId: "ben", event: "Order", timestamp: ago(4), properties: { sku: "y", price: 99 } }),
	]);
});
afterAll(() => collector.stop());

const search = <T = Page<Profile>>(body: JsonObject) => collector.act<T>("POST", "/v1/profiles/search", body);
const find = async (filter: Filter) => {
	const { status, body } = await search({ filter: filter as JsonObject });
	expect(status).toBe(200);
	return body.data.map(({ identifiers }) => identifiers[0]?.value).sort();
};

describe("POST /v1/profiles/search", () => {
	it("finds profiles by what they are and did", async () => {
		expect(await find({ trait: "plan", eq: "pro" })).toEqual(["ann", "cyd"]);
		expect(await find({ trait: "boss.level", gte: 1 })).toEqual(["ben", "cyd"]);
		expect(await find({ did: "Order", where: { prop: "price", gt: 50 }, within: "1d" })).toEqual(["ben"]);
		expect(await find({ did: "Cart", where: { prop: "a\\.b", eq: 1 } })).toEqual(["ann"]);
		expect(await find({ did: "Order", count: { eq: 0 } })).toEqual(["cyd"]);
		expect(await find({ did: "Order", agg: "sum", of: "price", value: { lt: 20 } })).toEqual(["ann"]);
		expect(await find({ sequence: [{ did: "Cart" }, { did: "Order", same: "sku" }] })).toEqual(["ann"]);
		expect(await find({ sequence: [{ did: "Cart" }, { not_did: "Order", same: "sku", within: "2h" }] })).toEqual([
			"ben",
		]);
		expect(await find({ all: [] })).toEqual(["ann", "ben", "cyd"]);
	});

	it("answers with whole profiles, page by page", async () => {
		const filter = { trait: "plan", exists: true };
		const all = await search({ filter, limit: 1_000 });
		const ids = all.body.data.map(({ id }) => id);
		expect(ids).toEqual([...ids].sort());
		expect(all.body.page).toEqual({ next: null, hasMore: false, limit: 1_000 });
		const seen: Profile[] = [];
		let cursor: string | null = null;
		do {
			const { body }: { body: Page<Profile> } = await search({ filter, limit: 2, cursor });
			seen.push(...body.data);
			cursor = body.page.next;
		} while (cursor !== null);
		expect(seen).toEqual(all.body.data);
		const { body } = await collector.get<Profile>(`/v1/profiles/${ids[0]}`);
		expect(seen[0]).toEqual(body);
	});

	it("takes the present moment as a parameter", async () => {
		const filter = { did: "Order", within: "1h" };
		expect((await search({ filter })).body.data).toEqual([]);
		expect((await search({ filter, now: ago(3.5) })).body.data).toHaveLength(2);
		expect((await search({ filter, now: "soon" })).status).toBe(400);
	});

	it("says what is wrong with a filter, and where", async () => {
		const wrong = async (body: JsonObject) => {
			const answer = await search<Problem>(body);
			expect(answer.status).toBe(400);
			return [answer.body.code, answer.body.detail];
		};
		expect(await wrong({})).toEqual(["invalid_request", "✖ must be an object → at filter"]);
		expect(
			await wrong({
				filter: {
					all: [
						{ trait: "plan", eq: "pro" },
						{ did: "Order", within: "soon" },
					],
				},
			}),
		).toEqual([
			"invalid_request",
			'✖ must be a duration such as "4h" or "30d": s, m, h, d or w → at filter.all[1].within',
		]);
		for (const limit of [0, 1_001, 1.5, "5"])
			expect((await wrong({ filter: { all: [] }, limit }))[0]).toBe("invalid_request");
		const { body } = await search({ filter: { all: [] }, limit: 1 });
		expect((await wrong({ filter: { any: [] }, cursor: body.page.next }))[0]).toBe("invalid_cursor");
		expect((await wrong({ filter: { all: [] }, cursor: "nonsense" }))[0]).toBe("invalid_cursor");
	});

	it("takes any text for what it is", async () => {
		const odd = ["' OR 1=1 --", '"', "]", "$", "\\", "\u{1f600}", "%", "a\u0000b", "\ud800", "🇩🇪".repeat(100)];
		for (const [at, text] of odd.entries()) {
			const properties = { [text]: text };
			await collector.send([track({ userId: `odd-${at}`, event: text, properties })]);
			const path = text.replaceAll(".", "\\.");
			expect(await find({ did: text, where: { prop: path, eq: text } }), JSON.stringify(text)).toEqual([`odd-${at}`]);
			expect(await find({ trait: path, eq: text })).toEqual([]);
		}
	});
});

describe("POST /v1/profiles/{ref}/explain", () => {
	it("says which condition was true, and which events decided it", async () => {
		const filter = {
			all: [{ trait: "plan", eq: "pro" }, { sequence: [{ did: "Cart" }, { did: "Order", same: "sku" }] }],
		};
		const { status, body } = await collector.act<Explanation>("POST", "/v1/profiles/user_id:ann/explain", { filter });
		expect(status).toBe(200);
		expect(body.matches).toBe(true);
		const [plan, sequence] = body.because.conditions ?? [];
		expect([plan?.path, plan?.value]).toEqual(["filter.all[0]", "pro"]);
		expect(sequence?.events?.map(({ messageId, step }) => [messageId, step])).toEqual([
			["cart-of-ann", 0],
			["order-of-ann", 1],
		]);
		const ben = await collector.act<Explanation>("POST", "/v1/profiles/user_id:ben/explain", { filter });
		expect(ben.body.matches).toBe(false);
	});

	it("answers 404 for nobody, and 400 for what is no filter", async () => {
		const explain = (ref: string, filter: unknown) => collector.act("POST", `/v1/profiles/${ref}/explain`, { filter });
		expect((await explain("user_id:nobody", { all: [] })).status).toBe(404);
		expect((await explain("user_id:ann", { is: "ann" })).status).toBe(400);
	});
});

describe("personal data", () => {
	const ask = <T>(path: string, body: JsonObject) =>
		collector.call<T>(path, {
			method: "POST",
			headers: { authorization: `Bearer ${restricted}` },
			body: JSON.stringify(body),
		});

	it("is not searched by, and comes masked, without `pii:read`", async () => {
		for (const filter of [
			{ trait: "email", exists: true },
			{ not: { trait: "boss.name", eq: "Zoe" } },
			{ did: "Order", where: { prop: "email", starts: "a" } },
			{ trait: "plan", eq: "ann@shop.example" },
		]) {
			expect((await ask<Problem>("/v1/profiles/search", { filter })).body.code).toBe("missing_scope");
			expect((await ask<Problem>("/v1/profiles/user_id:ann/explain", { filter })).body.code).toBe("missing_scope");
		}
		const found = await ask<Page<Profile>>("/v1/profiles/search", { filter: { trait: "plan", eq: "free" } });
		expect(found.body.data.map(({ traits }) => traits)).toEqual([
			{ plan: "free", email: "***", boss: { name: "***", level: 1 } },
		]);
		const why = await ask<Explanation>("/v1/profiles/user_id:ben/explain", { filter: { trait: "boss", exists: true } });
		expect(why.body.because.value).toEqual({ name: "***", level: 1 });
	});
});

it("GET /schemas/filter.json is a JSON Schema of filters, for anybody", async () => {
	const { status, body } = await collector.call<JsonObject>("/schemas/filter.json");
	expect(status).toBe(200);
	const validate = new Ajv2020({ strict: false }).compile(body);
	expect(validate({ all: [{ trait: "plan", eq: "pro" }] })).toBe(true);
	expect(validate({ all: [{ trait: "plan", is: "pro" }] })).toBe(false);
});
