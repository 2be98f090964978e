import type { EventView, JsonObject, Page, Problem, Profile } from "@selfsame/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hashKey } from "../src/auth/hashKey.ts";
import { checkedFetch } from "./checkedFetch.ts";
import { startCollector, type TestCollector } from "./startCollector.ts";

/** Appears in no answer to a key without `pii:read`, however it was written or encoded. */
const secrets = ["ada@shop.example", "Ada", "Lovelace", "+44 1", "Analytical Road", "1815-12-10", "203.0.113.7"];

let collector: TestCollector;
beforeAll(async () => {
	collector = await startCollector({ config: { identifiers: { email: {}, phone: {} } } });
	for (const scopes of [["read"], ["read", "pii:read"], ["pii:read"], ["admin"]]) {
		const key = `key-${scopes.join("-")}`;
		const record = { id: key, name: key, hash: hashKey(key), scopes, createdAt: 0, lastUsedAt: null };
		await collector.store.putSecretKey(record);
	}
	await collector.send([
		{
			type: "identify",
			userId: "u1",
			anonymousId: "a1",
			messageId: "m1",
			timestamp: "2025-01-01T00:00:00.000Z",
			traits: {
				email: "Ada@Shop.example",
				plan: "pro",
				first_name: "Ada",
				"Last Name": "Lovelace",
				contact: { Phone: "+44 1", note: "write to ada@shop.example or call" },
				address: { street: "1 Analytical Road", city: "London" },
				birthday: "1815-12-10",
				friends: [{ name: "Ada", email: "ada@shop.example", since: 2020 }],
			},
			context: {
				ip: "203.0.113.7",
				app: { name: "Shop" },
				traits: { email: "ada@shop.example" },
				externalIds: [{ type: "phone", id: "+44 1" }],
				page: { url: "https://shop.example/?email=ada%40shop.example&x=1", title: "Hello" },
			},
		},
		{
			type: "track",
			userId: "u1",
			event: "Order Completed",
			timestamp: "2025-01-02T00:00:00.000Z",
			properties: { total: 9, email: "ada@shop.example", shippingAddress: "1 Analytical Road", items: [{ sku: "s" }] },
		},
		{ type: "page", userId: "u1", name: "Home", properties: { path: "/" } },
		{ type: "group", userId: "u1", groupId: "g1", traits: { name: "Lovelace Ltd", plan: "team" } },
		{ type: "purchase", userId: "u1", traits: { name: "Ada Lovelace" }, messageId: "bad1" },
		{ type: "track", userId: "ada@shop.example", event: "Signed Up" },
	]);
});
afterAll(() => collector.stop());

const as = (key: string) => ({ authorization: `Bearer ${key}` });
const get = <T = JsonObject>(path: string, key = "key-read") => collector.call<T>(path, { headers: as(key) });
const post = <T = JsonObject>(path: string, body: unknown, key = "key-read") =>
	collector.call<T>(path, { method: "POST", headers: as(key), body: JSON.stringify(body) });

const views = [
	"/v1/profiles",
	"/v1/profiles/user_id:u1",
	"/v1/profiles/user_id:u1?asOf=2025-01-01T12:00:00.000Z",
	"/v1/profiles/user_id:u1/events",
	"/v1/profiles/user_id:u1/identity",
	"/v1/profiles/user_id:u1/traits/email/history",
	"/v1/profiles/user_id:u1/traits/contact/history",
	"/v1/profiles/user_id:u1/traits/friends/history",
	"/v1/groups/g1",
	"/v1/rejected",
	...["traits?verbose=true", "external_ids", "events"].map(
		(list) => `/v1/spaces/s/collections/users/profiles/user_id:u1/${list}`,
	),
	...["profiles", "events", "identifiers", "trait-history"].flatMap((dataset) => [
		`/v1/export/${dataset}`,
		`/v1/export/${dataset}?format=csv`,
	]),
	"/v1/spaces/s/collections/accounts/profiles/group_id:g1/traits?verbose=true",
	"/v1/spaces/s/collections/accounts/profiles/group_id:g1/events",
	"/v1/spaces/s/collections/accounts/profiles/group_id:g1/links",
];

describe("a key without pii:read", () => {
	it.each(views)("sees nothing personal in %s", async (path) => {
		const { status, body } = await get(path);
		expect(status).toBe(200);
		const text = JSON.stringify(body);
		expect(text).toContain("***");
		for (const secret of secrets) {
			expect(text).not.toContain(secret);
			expect(text).not.toContain(encodeURIComponent(secret));
		}
		expect(JSON.stringify((await get(path, "key-read-pii:read")).body)).not.toContain("***");
	});

	it("sees nothing personal in the live stream", async () => {
		const read = async (key: string) => {
			const headers = { ...as(key), "last-event-id": "0.0" };
			const response = await checkedFetch(`${collector.url}/v1/events/stream`, { headers });
			let text = "";
			for await (const piece of response.body as ReadableStream<Uint8Array>) {
				text += Buffer.from(piece).toString("utf8");
				if (text.includes('"rejected"') && text.includes("Signed Up")) break;
			}
			return text;
		};
		const text = await read("key-read");
		expect(text).toContain("***");
		for (const secret of secrets) expect(text).not.toContain(secret);
		expect(await read("key-pii:read")).not.toContain("***");
	});

	it("cannot search by what it may not see", async () => {
		for (const filter of [
			{ trait: "first_name", eq: "Ada" },
			{ not: { trait: "contact", eq: { Phone: "+44 1" } } },
			{ did: "Order Completed", where: { prop: "email", starts: "a" } },
		]) {
			for (const path of ["/v1/profiles/search", "/v1/profiles/user_id:u1/explain"]) {
				expect(await post(path, { filter })).toMatchObject({ status: 403, body: { code: "missing_scope" } });
				expect((await post(path, { filter }, "key-pii:read")).status).toBe(200);
			}
		}
		const { status, body } = await post("/v1/profiles/search", { filter: { trait: "plan", eq: "pro" } });
		expect([status, JSON.stringify(body).includes("Ada")]).toEqual([200, false]);
	});

	it("sees all the rest", async () => {
		const profile = (await get<Profile>("/v1/profiles/user_id:u1")).body;
		expect(profile.traits).toEqual({
			"Last Name": "***",
			address: "***",
			birthday: "***",
			contact: { Phone: "***", note: "write to *** or call" },
			email: "***",
			first_name: "***",
			friends: [{ name: "***", email: "***", since: 2020 }],
			plan: "pro",
		});
		expect(profile.identifiers.map(({ type, value }) => `${type}:${value}`)).toEqual([
			"user_id:u1",
			"email:***",
			"phone:***",
			"anonymous_id:a1",
		]);
		expect(profile.groups).toEqual([{ id: "g1", traits: { name: "***", plan: "team" } }]);
		const events = (await get<Page<EventView>>("/v1/profiles/user_id:u1/events?order=asc")).body.data;
		expect(events[0]?.context).toMatchObject({
			ip: "***",
			app: { name: "Shop" },
			page: { url: "https://shop.example/?email=***&x=1", title: "Hello" },
			externalIds: [{ type: "phone", id: "***" }],
		});
		expect(events[1]?.properties).toEqual({ total: 9, email: "***", shippingAddress: "***", items: [{ sku: "s" }] });
		expect(events.find(({ type }) => type === "page")).toMatchObject({ name: "Home" });
	});

	it("has answers with tags of their own, so that no cache gives one key what another saw", async () => {
		const path = "/v1/profiles/user_id:u1";
		const [masked, plain] = [await get(path), await get(path, "key-admin")];
		expect(masked.headers.get("etag")).not.toBe(plain.headers.get("etag"));
		const tag = { "if-none-match": plain.headers.get("etag") ?? "" };
		expect((await collector.call(path, { headers: { ...as("key-read"), ...tag } })).status).toBe(200);
	});

	it("cannot name anybody by what comes masked, so that it tells nobody whether an address is known", async () => {
		const refusal = { status: 403, body: { code: "missing_scope", detail: expect.stringContaining("pii:read") } };
		for (const ref of ["email:ada@shop.example", "email:nobody@shop.example", "phone:1", "user_id:ada@shop.example"]) {
			for (const part of ["", "/events", "/identity", "/traits/plan/history"]) {
				expect(await get(`/v1/profiles/${encodeURIComponent(ref)}${part}`)).toMatchObject(refusal);
			}
			const [type = "", value = ""] = ref.split(":");
			expect(await post<Problem>("/v1/profiles/lookup", { identifiers: [{ type, value }] })).toMatchObject(refusal);
			expect((await get(`/v1/profiles/${encodeURIComponent(ref)}`, "key-pii:read")).status).not.toBe(403);
		}
		const name = encodeURIComponent("mail to ada@shop.example");
		for (const path of [`/v1/profiles/user_id:u1/events?name=${name}`, `/v1/events/stream?name=${name}`])
			expect(await get(path)).toMatchObject(refusal);
		expect((await get<Profile>("/v1/profiles")).status).toBe(200);
		const hers = (await get<Profile>("/v1/profiles/user_id:u1", "key-admin")).body.id;
		expect((await get(`/v1/profiles/${hers}`)).status).toBe(200);
	});
});

describe("scopes", () => {
	it("include each other: read, pii:read, admin", async () => {
		const merge = (key: string) => post("/v1/profiles/user_id:u1/merge", { userId: "u2", reason: "r" }, key);
		expect(await merge("key-read")).toMatchObject({ status: 403, body: { code: "missing_scope" } });
		expect(await merge("key-pii:read")).toMatchObject({ status: 403, body: { code: "missing_scope" } });
		expect(await merge("key-admin")).toMatchObject({
			status: 200,
			body: { traits: { plan: "pro", birthday: "1815-12-10" } },
		});
		expect((await get<Profile>("/v1/profiles/user_id:u1", "key-pii:read")).body.traits.birthday).toBe("1815-12-10");
		expect((await collector.get<Profile>("/v1/profiles/user_id:u1")).body.traits.birthday).toBe("1815-12-10");
	});
});
