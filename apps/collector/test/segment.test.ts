import type { JsonObject, Page, Profile } from "@selfsame/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { apiKey, basic, startCollector, type TestCollector, track } from "./startCollector.ts";

let collector: TestCollector;
const at = (n: number) => new Date(Date.UTC(2025, 0, 1) + n * 3_600_000).toISOString();
let profile: Profile;
beforeAll(async () => {
	collector = await startCollector({ config: { identifiers: { cross_domain_id: {} } } });
	await collector.send([
		...Array.from({ length: 25 }, (_, n) => ({
			type: "identify",
			userId: "u/1",
			messageId: `i${n}`,
			timestamp: at(n),
			traits: { [`trait${String(n).padStart(2, "0")}`]: n },
		})),
		...Array.from({ length: 40 }, (_, n) =>
			track({
				userId: "u/1",
				anonymousId: "a1",
				messageId: `t${n}`,
				event: n % 20 === 0 ? "Rare" : n % 2 ? "Odd" : "Even",
				timestamp: at(100 + n),
				properties: { n },
				context: { externalIds: [{ type: "cross_domain_id", id: "x1" }] },
			}),
		),
		...Array.from({ length: 23 }, (_, n) => ({
			type: "group",
			userId: "u/1",
			groupId: `acme ${n}`,
			messageId: `g${n}`,
			timestamp: at(200 + n),
			traits: { plan: "team", seats: n },
		})),
		...Array.from({ length: 30 }, (_, n) => ({
			type: "group",
			userId: `member${n}`,
			groupId: "acme 0",
			messageId: `gm${n}`,
			timestamp: at(300 + n),
			...(n === 0 ? { traits: { plan: "big" } } : {}),
		})),
	]);
	profile = (await collector.profile("user_id:u%2F1")) as Profile;
});
afterAll(() => collector.stop());

interface List extends JsonObject {
	data: JsonObject[];
	cursor: { url: string; has_more: boolean; next: string; limit: number };
}
interface Traits extends JsonObject {
	traits: JsonObject;
	cursor: List["cursor"];
}
const base = "/v1/spaces/lgJ4AAjFN4/collections";
const user = `${base}/users/profiles/user_id:u%2F1`;
const account = `${base}/accounts/profiles/group_id:acme%200`;
const get = <T = List>(path: string) => collector.call<T>(path, { headers: basic(apiKey) });

/** Follows a list by `next` to its end. */
async function follow<T extends { cursor: List["cursor"] }>(path: string): Promise<T[]> {
	const pages: T[] = [];
	for (let next: string | undefined; next !== ""; ) {
		const { status, body } = await get<T>(`${path}${next ? `&next=${encodeURIComponent(next)}` : ""}`);
		expect(status).toBe(200);
		expect(body.cursor.has_more).toBe(body.cursor.next !== "");
		pages.push(body);
		next = body.cursor.next;
	}
	return pages;
}

describe("traits", () => {
	it("come ten at a time, by their keys", async () => {
		const { body, status, headers } = await get<Traits>(`${user}/traits`);
		expect(status).toBe(200);
		expect(headers.get("request-id")).toMatch(/./);
		expect(Object.keys(body.traits)).toHaveLength(10);
		expect(body.cursor).toMatchObject({
			url: `${base}/users/profiles/${profile.id}/traits`,
			has_more: true,
			limit: 10,
		});
		const pages = await follow<Traits>(`${user}/traits?limit=10`);
		expect(pages.map(({ traits }) => Object.keys(traits).length)).toEqual([10, 10, 5]);
		expect(Object.assign({}, ...pages.map(({ traits }) => traits))).toEqual(profile.traits);
		expect((await get<Traits>(`${user}/traits?limit=200`)).body.cursor).toMatchObject({ has_more: false, next: "" });
	});

	it("can be chosen, and say where they come from", async () => {
		const { traits } = (await get<Traits>(`${user}/traits?include=trait03,trait20,none&verbose=true`)).body;
		expect(traits).toEqual({
			trait03: { value: 3, source_id: "server", updated_at: at(3) },
			trait20: { value: 20, source_id: "server", updated_at: at(20) },
		});
		for (const kind of ["audience", "computed_trait"]) {
			expect((await get<Traits>(`${user}/traits?class=${kind}`)).body.traits).toEqual({});
		}
	});

	it("are an account's too", async () => {
		const { body } = await get<Traits>(`${account}/traits?verbose=true`);
		expect(body).toEqual({
			traits: {
				plan: { value: "big", source_id: "server", updated_at: at(300) },
				seats: { value: 0, source_id: "server", updated_at: at(200) },
			},
			cursor: { url: `${account}/traits`, has_more: false, next: "", limit: 10 },
		});
	});
});

describe("external_ids", () => {
	it("say since when, and from which message", async () => {
		const { body } = await get(`${user}/external_ids`);
		const common = { collection: "users", encoding: "none", source_id: "server" };
		expect(body.data).toEqual([
			{ ...common, type: "user_id", id: "u/1", created_at: at(0), first_message_id: "i0" },
			{ ...common, type: "anonymous_id", id: "a1", created_at: at(100), first_message_id: "t0" },
			{ ...common, type: "cross_domain_id", id: "x1", created_at: at(100), first_message_id: "t0" },
		]);
		const types = async (query: string) =>
			(await follow<List>(`${user}/external_ids?${query}`)).flatMap(({ data }) => data.map(({ type }) => type));
		expect(await types("limit=1")).toEqual(["user_id", "anonymous_id", "cross_domain_id"]);
		expect(await types("include=anonymous_id,user_id")).toEqual(["user_id", "anonymous_id"]);
		expect((await get(`${account}/external_ids`)).body.data).toEqual([
			{
				...common,
				collection: "accounts",
				type: "group_id",
				id: "acme 0",
				created_at: at(200),
				first_message_id: "g0",
			},
		]);
	});
});

describe("events", () => {
	it("have Segment's fields", async () => {
		const { body } = await get(`${user}/events?type=track&limit=1`);
		expect(body.data[0]).toMatchObject({
			external_ids: [
				{ collection: "users", type: "user_id", id: "u/1", encoding: "none" },
				{ collection: "users", type: "anonymous_id", id: "a1", encoding: "none" },
				{ collection: "users", type: "cross_domain_id", id: "x1", encoding: "none" },
			],
			type: "track",
			event: "Odd",
			message_id: "t39",
			source_id: "server",
			timestamp: at(139),
			properties: { n: 39 },
			context: expect.anything(),
			related: { users: profile.id },
		});
	});

	it("come in either order, between two times, of some names", async () => {
		const ids = async (query: string) =>
			(await follow<List>(`${user}/events?${query}`)).flatMap(({ data }) => data.map(({ message_id }) => message_id));
		const all = (await collector.get<Page<JsonObject>>("/v1/profiles/user_id:u%2F1/events?limit=1000")).body.data;
		expect(await ids("limit=7")).toEqual(all.map(({ messageId }) => messageId));
		expect(await ids("limit=100&sort=asc")).toEqual(all.map(({ messageId }) => messageId).reverse());
		expect(await ids(`start=${at(110)}&end=${at(113)}&sort=asc`)).toEqual(["t10", "t11", "t12"]);
		expect(await ids("start=2025-01-01&end=2025-01-02&limit=3&sort=asc")).toEqual(
			Array.from({ length: 24 }, (_, n) => `i${n}`),
		);
		expect(await ids("include=Rare")).toEqual(["t20", "t0"]);
		expect(await ids("include=Rare,Odd&limit=5")).toHaveLength(22);
		expect(await ids("exclude=Odd,Even&type=track&limit=1")).toEqual(["t20", "t0"]);
		expect(await ids("include=Nothing,Nobody&limit=2")).toEqual([]);
		const groups = (await follow<List>(`${account}/events?limit=9&sort=asc`)).flatMap(({ data }) => data);
		expect(groups.map(({ message_id }) => message_id)).toEqual([
			"g0",
			...Array.from({ length: 30 }, (_, n) => `gm${n}`),
		]);
		expect((await get(`${account}/events?type=track`)).body.data).toEqual([]);
	});
});

describe("metadata and links", () => {
	it("are there", async () => {
		expect((await get(`${user}/metadata`)).body).toEqual({
			metadata: {
				created_at: at(0),
				updated_at: at(222),
				expires_at: null,
				first_message_id: "i0",
				first_source_id: "server",
				last_message_id: "g22",
				last_source_id: "server",
			},
		});
		expect((await get(`${account}/metadata`)).body).toMatchObject({
			metadata: { created_at: at(200), updated_at: at(329), first_message_id: "g0" },
		});
	});

	it("lead from a user to accounts, and back", async () => {
		const links = await follow<List>(`${user}/links?limit=20`);
		expect(links.map(({ data }) => data.length)).toEqual([20, 3]);
		expect(links[0]?.data[0]).toEqual({
			to_collection: "accounts",
			external_ids: [
				{
					id: "acme 0",
					type: "group_id",
					source_id: "server",
					collection: "accounts",
					created_at: at(200),
					encoding: "none",
					first_message_id: "g0",
				},
			],
		});
		const members = (await follow<List>(`${account}/links?limit=20`)).flatMap(({ data }) => data);
		expect(members).toHaveLength(31);
		const ids = members.flatMap(({ external_ids }) => external_ids as { type: string; id: string }[]);
		expect(
			ids
				.filter(({ type }) => type === "user_id")
				.map(({ id }) => id)
				.sort(),
		).toEqual(["u/1", ...Array.from({ length: 30 }, (_, n) => `member${n}`)].sort());
	});
});

describe("errors", () => {
	it.each([
		[`${base}/users/profiles/user_id:nobody/traits`, 404, "not_found"],
		[`${base}/accounts/profiles/group_id:nobody/links`, 404, "not_found"],
		[`${base}/accounts/profiles/user_id:x/traits`, 400, "validation_error"],
		[`${base}/people/profiles/user_id:x/traits`, 400, "validation_error"],
		[`${base}/users/profiles/nonsense/traits`, 400, "validation_error"],
		[`${base}/users/profiles/%E0%A4%A/events`, 400, "validation_error"],
		[`${user}/traits?limit=201`, 400, "validation_error"],
		[`${user}/events?next=nonsense`, 400, "validation_error"],
		[`${user}/traits?next=nonsense`, 400, "validation_error"],
		[`${user}/events?start=yesterday`, 400, "validation_error"],
	])("%s: %i %s", async (path, status, code) => {
		const answer = await get<JsonObject>(path);
		expect(answer).toMatchObject({ status, body: { error: { code, message: expect.stringMatching(/\w/) } } });
		expect(answer.headers.get("content-type")).toContain("application/json");
	});

	it("name a missing key, and a parameter that Segment's cursors carry is no error", async () => {
		const { status, body, headers } = await collector.call(`${user}/traits`);
		expect([status, body]).toMatchObject([401, { error: { code: "authentication_error" } }]);
		expect(headers.get("www-authenticate")).toMatch(/./);
		expect((await get(`${user}/traits?%3Acollection=users&%3Anamespace=x`)).status).toBe(200);
	});
});
