import type { JsonObject, Page, Problem, Profile } from "@selfsame/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { apiKey, startCollector, type TestCollector, track } from "./startCollector.ts";

let collector: TestCollector;
beforeAll(async () => {
	collector = await startCollector();
});
afterAll(() => collector.stop());

const refTo = (userId: string) => encodeURIComponent(`user_id:${userId}`);
const get = <T = JsonObject>(path: string) => collector.get<T>(`/v1/profiles/${path}`);
const at = (day: number) => `2025-01-0${day}T00:00:00.000Z`;

async function expectProblem(answer: Promise<{ status: number; headers: Headers; body: unknown }>, status: number) {
	const { status: actual, headers, body } = await answer;
	expect(actual).toBe(status);
	expect(headers.get("content-type")).toBe("application/problem+json");
	const { code, detail, title } = body as Problem;
	expect({ code, detail, title }).toEqual({
		code: expect.stringMatching(/^[a-z_]+$/),
		detail: expect.stringMatching(/\w/),
		title: expect.stringMatching(/\w/),
	});
	return body as Problem;
}

describe("GET /v1/profiles/{ref}", () => {
	it("answers with an ETag, and 304 while nothing has changed", async () => {
		await collector.send([track({ userId: "tagged" })]);
		const path = `/v1/profiles/${refTo("tagged")}`;
		const first = await collector.get<Profile>(path);
		const etag = first.headers.get("etag") ?? "";
		expect(etag).toMatch(/^"[^"]+"$/);
		const again = (tags: string) =>
			collector.call(path, { headers: { authorization: `Bearer ${apiKey}`, "if-none-match": tags } });
		for (const tags of [etag, `W/${etag}`, `"x", ${etag}`, "*"]) {
			const { status, body, headers } = await again(tags);
			expect([status, body, headers.get("etag")]).toEqual([304, "", etag]);
		}
		expect((await again('"x"')).status).toBe(200);
		await collector.send([track({ userId: "tagged" })]);
		const changed = await again(etag);
		expect(changed.status).toBe(200);
		expect(changed.headers.get("etag")).not.toBe(etag);
		// By its id it is the same profile, and the same answer.
		expect((await get<Profile>(first.body.id)).headers.get("etag")).toBe(changed.headers.get("etag"));
	});

	it("narrows itself to what is asked for", async () => {
		await collector.send([{ type: "identify", userId: "narrow", traits: { plan: "pro" } }]);
		const all = (await get(refTo("narrow"))).body;
		expect(Object.keys(all).sort()).toEqual(
			["eventCount", "firstSeen", "groups", "id", "identifiers", "lastSeen", "pastIdentifiers", "traits"].sort(),
		);
		const { body } = await get(`${refTo("narrow")}?include=traits,%20eventCount`);
		expect(body).toEqual({ id: all.id, traits: { plan: "pro" }, eventCount: 1 });
		expect((await get(`${refTo("narrow")}?include=id`)).body).toEqual({ id: all.id });
		expect((await get(`${refTo("narrow")}?include=`)).body).toEqual(all);
		await expectProblem(get(`${refTo("narrow")}?include=trait`), 400);
	});

	it.each([
		"a:b",
		"a/b",
		"https://x.example/?q=1&r=2#top",
		"100%",
		"%2F%25",
		"😀 ünï",
		"a+b c",
		'"; DROP TABLE events; --',
		"..",
		"x".repeat(1_024),
		"é".repeat(500),
	])("finds %j, and everything that hangs on it", async (userId) => {
		const trait = "key/with:odd %chars 😀";
		await collector.send([
			{ type: "identify", userId, anonymousId: `device of ${userId.slice(0, 90)}`, traits: { [trait]: 1 } },
		]);
		const { status, body } = await get<Profile>(refTo(userId));
		expect(status).toBe(200);
		expect(body.identifiers[0]).toMatchObject({ type: "user_id", value: userId });
		expect((await get<Page<JsonObject>>(`${refTo(userId)}/events`)).body.data).toMatchObject([{ userId }]);
		expect((await get(`${refTo(userId)}/identity`)).body).toMatchObject({ links: [{ a: { value: userId } }] });
		const history = await get(`${refTo(userId)}/traits/${encodeURIComponent(trait)}/history`);
		expect(history.body).toMatchObject({ data: [{ value: 1, won: true }] });
		expect((await collector.act("DELETE", `/v1/profiles/${refTo(userId)}?dryRun=true`)).status).toBe(200);
	});

	it.each([
		["user_id:nobody", 404],
		["pro_00000000-0000-0000-0000-000000000000", 404],
		["pro_nonsense", 404],
		["no_such_type:x", 404],
		["nonsense", 400],
		["user_id:", 400],
		[":x", 400],
		["%E0%A4%A", 400],
		["user_id%3Ax%00y", 404],
	])("answers %s with a problem: %i", async (ref, status) => {
		await expectProblem(get(ref), status);
		for (const path of ["events", "identity", "traits/plan/history"])
			await expectProblem(get(`${ref}/${path}`), status);
		await expectProblem(collector.act("DELETE", `/v1/profiles/${ref}`), status);
		for (const [call, body] of [
			["merge", { userId: "x", reason: "r" }],
			["unmerge", { userId: "x", reason: "r" }],
			["unlink", { identifier: { type: "user_id", value: "x" }, from: { type: "user_id", value: "y" }, reason: "r" }],
		] as const) {
			await expectProblem(collector.act("POST", `/v1/profiles/${ref}/${call}`, body), status);
		}
	});
});

describe("asOf", () => {
	it("answers for that instant, in every part", async () => {
		const [userId, anonymousId] = ["traveller", "traveller-device"];
		await collector.send([
			{ type: "identify", userId, anonymousId, timestamp: at(1), traits: { plan: "free" } },
			{ type: "identify", userId, timestamp: at(3), traits: { plan: "pro" } },
			track({ userId, timestamp: at(5) }),
		]);
		const then = `asOf=${at(2)}`;
		const past = (await get<Profile>(`${refTo(userId)}?${then}`)).body;
		expect(past).toMatchObject({ eventCount: 1, traits: { plan: "free" }, lastSeen: at(1) });
		expect((await get<Page<unknown>>(`${refTo(userId)}/events?${then}`)).body.data).toHaveLength(1);
		expect((await get<{ links: unknown[] }>(`${refTo(userId)}/identity?${then}`)).body.links).toHaveLength(1);
		expect((await get(`${refTo(userId)}/traits/plan/history?${then}`)).body).toMatchObject({
			data: [{ value: "free", won: true }],
		});
		const before = `asOf=${Date.UTC(2024, 0, 1)}`;
		for (const path of ["", "/events", "/identity", "/traits/plan/history"]) {
			await expectProblem(get(`${refTo(userId)}${path}?${before}`), 404);
			await expectProblem(get(`${refTo(userId)}${path}?asOf=yesterday`), 400);
		}
		const zoned = (await get<Profile>(`${refTo(userId)}?asOf=2025-01-03T01:00:00+01:00`)).body;
		expect(zoned.traits).toEqual({ plan: "pro" });
	});
});

describe("lists", () => {
	it("give every profile once, page by page, and refuse cursors that are not theirs", async () => {
		await collector.send(Array.from({ length: 7 }, (_, n) => track({ userId: `listed${n}` })));
		const seen: string[] = [];
		let query = "?limit=3";
		for (;;) {
			const { data, page } = (await collector.get<Page<Profile>>(`/v1/profiles${query}`)).body;
			seen.push(...data.map(({ id }) => id));
			expect(page).toMatchObject({ limit: 3, hasMore: page.next !== null });
			if (page.next === null) break;
			query = `?limit=3&cursor=${encodeURIComponent(page.next)}`;
		}
		expect(new Set(seen).size).toBe(seen.length);
		expect(seen).toHaveLength(((await collector.get<JsonObject>("/v1/stats")).body.profiles as number) ?? 0);
		await expectProblem(collector.get(`/v1/profiles${query}&identifierType=email`), 400);
		for (const bad of ["limit=0", "limit=1001", "limit=x", "cursor=x", "seenAfter=x"]) {
			await expectProblem(collector.get(`/v1/profiles?${bad}`), 400);
		}
		const recent = await collector.get<Page<Profile>>(
			`/v1/profiles?seenAfter=${new Date(Date.now() + 60_000).toISOString()}`,
		);
		expect(recent.body.data).toEqual([]);
	});

	it("narrow events by type, name and time, in either order", async () => {
		const userId = "lister";
		const events = [1, 2, 3, 4].map((day) => track({ userId, event: day % 2 ? "Odd" : "Even", timestamp: at(day) }));
		await collector.send([...events, { type: "page", name: "Home", userId, timestamp: at(5) }]);
		const days = async (query: string) =>
			(await get<Page<{ timestamp: string }>>(`${refTo(userId)}/events${query}`)).body.data.map(({ timestamp }) =>
				Number(timestamp.slice(8, 10)),
			);
		expect(await days("")).toEqual([5, 4, 3, 2, 1]);
		expect(await days("?order=asc&type=track")).toEqual([1, 2, 3, 4]);
		expect(await days("?name=Even")).toEqual([4, 2]);
		expect(await days(`?from=${at(2)}&to=${at(4)}`)).toEqual([3, 2]);
		const first = (await get<Page<JsonObject>>(`${refTo(userId)}/events?limit=2`)).body.page.next ?? "";
		expect(await days(`?limit=2&cursor=${encodeURIComponent(first)}`)).toEqual([3, 2]);
		for (const bad of [
			"order=up",
			"type=purchase",
			"from=x",
			"limit=-1",
			`cursor=${encodeURIComponent(first)}&name=Odd`,
		]) {
			await expectProblem(get(`${refTo(userId)}/events?${bad}`), 400);
		}
	});
});

describe("POST /v1/profiles/lookup", () => {
	const lookup = (body: unknown) => collector.act<{ data: (Profile | null)[] }>("POST", "/v1/profiles/lookup", body);

	it("answers for up to 100 at once, in their order, null where there is nobody", async () => {
		await collector.send(Array.from({ length: 50 }, (_, n) => track({ userId: `looked-up/${n}` })));
		const identifiers = Array.from({ length: 100 }, (_, n) => ({ type: "user_id", value: `looked-up/${n}` }));
		const { status, body } = await lookup({ identifiers });
		expect(status).toBe(200);
		expect(body.data.map((profile) => profile?.identifiers[0]?.value ?? null)).toEqual(
			identifiers.map(({ value }, n) => (n < 50 ? value : null)),
		);
		await expectProblem(lookup({ identifiers: [...identifiers, identifiers[0]] }), 400);
	});

	it.each([{}, { identifiers: [] }, { identifiers: ["u1"] }, { identifiers: [{ type: "user_id" }] }, [], null, 5])(
		"refuses %j",
		async (body) => {
			await expectProblem(lookup(body), 400);
		},
	);
});

describe("corrections", () => {
	const act = (ref: string, call: string, body: unknown) =>
		collector.act<Profile>("POST", `/v1/profiles/${ref}/${call}`, body);

	it("merge and unmerge two users, and give both back exactly", async () => {
		await collector.send([
			{ type: "identify", userId: "m1", traits: { name: "One" } },
			{ type: "identify", userId: "m2", traits: { city: "Rome" } },
		]);
		const before = [(await get(refTo("m1"))).body, (await get(refTo("m2"))).body];
		const merged = await act(refTo("m1"), "merge", { userId: "m2", reason: "the same person" });
		expect(merged.status).toBe(200);
		expect(merged.body).toMatchObject({ eventCount: 2, traits: { name: "One", city: "Rome" } });
		expect((await act(refTo("m1"), "unmerge", { userId: "m2", reason: "they are not" })).status).toBe(200);
		expect([(await get(refTo("m1"))).body, (await get(refTo("m2"))).body]).toEqual(before);
		await expectProblem(act(refTo("m1"), "unmerge", { userId: "m2", reason: "again" }), 409);
	});

	it("unlink an identifier from another", async () => {
		await collector.send([track({ userId: "linked", anonymousId: "linked-device" })]);
		const [identifier, from] = [
			{ type: "anonymous_id", value: "linked-device" },
			{ type: "user_id", value: "linked" },
		];
		const { status, body } = await act(refTo("linked"), "unlink", { identifier, from, reason: "a shared device" });
		expect(status).toBe(200);
		expect(body.identifiers.map(({ type }) => type)).toEqual(["user_id"]);
	});

	it("take names in any spelling that events may have them in", async () => {
		await collector.send([
			{ type: "identify", userId: "s1", anonymousId: "s1-device", traits: { name: "One" } },
			track({ userId: "s2" }),
		]);
		const merged = await act(refTo("'s1'"), "merge", { userId: ' "s2" ', reason: "r" });
		expect(merged.body.eventCount).toBe(2);
		expect((await act(refTo("s1"), "unmerge", { userId: "'s2'", reason: "r" })).body.eventCount).toBe(1);
		const [identifier, from] = [
			{ type: "anonymous_id", value: " s1-device " },
			{ type: "user_id", value: "'s1'" },
		];
		const { body } = await act(refTo("s1"), "unlink", { identifier, from, reason: "r" });
		expect(body.identifiers.map(({ value }) => value)).toEqual(["s1"]);
	});

	it("refuse what would change nothing, or somebody else", async () => {
		await collector.send([track({ userId: "own1", anonymousId: "own1-device" }), track({ userId: "own2" })]);
		await expectProblem(act(refTo("own1"), "merge", { userId: "own1", reason: "r" }), 409);
		await expectProblem(act(refTo("own1"), "merge", { userId: "null", reason: "r" }), 400);
		const device = { type: "anonymous_id", value: "own1-device" };
		const from = { type: "user_id", value: "own1" };
		await expectProblem(act(refTo("own2"), "unlink", { identifier: device, from, reason: "r" }), 409);
		expect((await get<Profile>(refTo("own1"))).body.identifiers).toHaveLength(2);
		const address = { type: "email", value: "no address" };
		await expectProblem(act(refTo("own1"), "unlink", { identifier: address, from, reason: "r" }), 400);
	});

	it("merge no profile that has no user", async () => {
		await collector.send([track({ userId: null, anonymousId: "userless" })]);
		await expectProblem(act("anonymous_id:userless", "merge", { userId: "m1", reason: "r" }), 409);
	});

	it.each([
		["merge", { userId: "m2" }, "reason"],
		["merge", { userId: "m2", reason: "  " }, "say why"],
		["merge", { reason: "r" }, "userId"],
		["merge", { userId: "m2", reason: "r", force: true }, "force"],
		["unmerge", { userId: 5, reason: "r" }, "userId"],
		["unlink", { identifier: { type: "email", value: "a@b.co" }, reason: "r" }, "from"],
	])("refuse %s of %j, and name what is wrong", async (call, body, named) => {
		expect((await expectProblem(act(refTo("m1"), call, body), 400)).detail).toContain(named);
	});
});

describe("DELETE /v1/profiles/{ref}", () => {
	it("counts first, erases then, and drops what comes later where that is asked for", async () => {
		await collector.send([track({ userId: "gone", anonymousId: "gone-device" }), track({ userId: "gone" })]);
		const path = `/v1/profiles/${refTo("gone")}`;
		const counted = await collector.act<JsonObject>("DELETE", `${path}?dryRun=true`);
		expect(counted.body).toMatchObject({ erasedEvents: 2, identifiers: 2 });
		expect((await get(refTo("gone"))).status).toBe(200);
		const erased = await collector.act<JsonObject>("DELETE", `${path}?suppress=true`, {
			reason: "asked to be forgotten",
		});
		expect(erased.body).toMatchObject({
			erasedEvents: 2,
			identifiers: 2,
			receiptId: expect.stringMatching(/./),
			deletedAt: expect.stringMatching(/Z$/),
		});
		await expectProblem(get(refTo("gone")), 404);
		await expectProblem(collector.act("DELETE", path), 404);
		expect((await collector.send([track({ userId: "gone" })])).body).toMatchObject({ accepted: 0, dropped: 1 });
		const stats = (await collector.get<JsonObject>("/v1/stats")).body;
		expect(stats).toMatchObject({ suppressed: 1, erased: 2 });
		await expectProblem(collector.act("DELETE", `/v1/profiles/${refTo("m1")}?suppress=perhaps`), 400);
	});
});

describe("GET /v1/groups/{id}", () => {
	it("shows traits and members, page by page", async () => {
		const groupId = "Acme / North & 100% 😀";
		await collector.send([
			...Array.from({ length: 5 }, (_, n) => ({
				type: "group",
				groupId,
				userId: `member${n}`,
				traits: { plan: "team" },
			})),
		]);
		const path = `/v1/groups/${encodeURIComponent(groupId)}`;
		interface Group {
			id: string;
			traits: JsonObject;
			memberCount: number;
			members: Page<{ id: string }>;
		}
		const seen: string[] = [];
		let query = "?limit=2";
		for (;;) {
			const { body, status } = await collector.get<Group>(path + query);
			expect(status).toBe(200);
			expect(body).toMatchObject({ id: groupId, traits: { plan: "team" }, memberCount: 5 });
			seen.push(...body.members.data.map(({ id }) => id));
			if (body.members.page.next === null) break;
			query = `?limit=2&cursor=${encodeURIComponent(body.members.page.next)}`;
		}
		const members = await Promise.all(
			[0, 1, 2, 3, 4].map(async (n) => (await get<Profile>(refTo(`member${n}`))).body.id),
		);
		expect(seen.sort()).toEqual(members.sort());
		await expectProblem(collector.get("/v1/groups/nobody"), 404);
		await expectProblem(collector.get(`${path}?cursor=x`), 400);
		await expectProblem(collector.get(`${path}?limit=0`), 400);
	});
});

describe("keys", () => {
	it("are needed for all of it", async () => {
		for (const [method, path] of [
			["GET", "/v1/profiles"],
			["GET", `/v1/profiles/${refTo("m1")}`],
			["GET", `/v1/profiles/${refTo("m1")}/events`],
			["GET", `/v1/profiles/${refTo("m1")}/identity`],
			["GET", `/v1/profiles/${refTo("m1")}/traits/plan/history`],
			["POST", "/v1/profiles/lookup"],
			["POST", `/v1/profiles/${refTo("m1")}/merge`],
			["POST", `/v1/profiles/${refTo("m1")}/unmerge`],
			["POST", `/v1/profiles/${refTo("m1")}/unlink`],
			["DELETE", `/v1/profiles/${refTo("m1")}`],
			["GET", "/v1/groups/g"],
			["GET", "/v1/stats"],
			["GET", "/v1/rejected"],
			["POST", "/v1/rejected/replay"],
		] as const) {
			await expectProblem(collector.call(path, { method }), 401);
			await expectProblem(collector.call(path, { method, headers: { authorization: "Bearer server-write-key" } }), 401);
		}
	});
});
