import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { builtEntry } from "../support/builtEntry.ts";
import type { ProfileView, StoredEvent } from "../support/profileApi.ts";
import { type RunningCollector, startCollector } from "../support/startCollector.ts";

/** As much of a list as these tests use. */
interface Listing<T> extends AsyncIterable<T> {
	page(cursor?: string): Promise<{ data: T[]; page: { next: string | null; hasMore: boolean; limit: number } }>;
	all(): Promise<T[]>;
}

/** As much of the client as these tests use: the build is loaded by its path, so its types are not at hand before it. */
interface Profiles {
	get(ref: string, options?: object): Promise<ProfileView & Record<string, unknown>>;
	find(ref: string, options?: object): Promise<ProfileView | null>;
	lookup(identifiers: object[]): Promise<(ProfileView | null)[]>;
	list(filters?: object): Listing<ProfileView>;
	events(ref: string, filters?: object): Listing<StoredEvent>;
	identity(ref: string): Promise<{ links: object[] }>;
	traitHistory(ref: string, key: string, filters?: object): Listing<{ value: unknown; won: boolean }>;
	group(id: string): Promise<{ memberCount: number }>;
	members(id: string, filters?: object): Listing<{ id: string }>;
	merge(ref: string, correction: object, options?: object): Promise<ProfileView>;
	unmerge(ref: string, correction: object): Promise<ProfileView>;
	unlink(ref: string, correction: object): Promise<ProfileView>;
	delete(ref: string, options?: object): Promise<{ erasedEvents: number; receiptId: string }>;
	rejected(filters?: object): Listing<{ id: number; code: string }>;
	replayRejected(which?: object): Promise<{ accepted: number; remaining: object[] }>;
	stats(): Promise<{ events: number }>;
	search(filter: object, options?: object): Listing<ProfileView>;
	explain(ref: string, filter: object): Promise<{ matches: boolean }>;
	stream(filters?: object): AsyncIterable<{ id: string; message: { verdict: string; event?: StoredEvent } }>;
	export(dataset: string, options?: object): Promise<ReadableStream<Uint8Array>>;
}

let collector: RunningCollector;
let profiles: Profiles;
const at = (n: number) => new Date(Date.UTC(2025, 0, 1) + n * 60_000);
const entry = "packages/sdk/dist/profiles/index.js";

beforeAll(async () => {
	collector = await startCollector();
	const { createProfiles } = (await import(builtEntry(entry))) as { createProfiles(options: object): Profiles };
	profiles = createProfiles({ host: collector.url, apiKey: collector.secretKey });
	const batch = [
		...Array.from({ length: 120 }, (_, n) => ({
			type: "identify",
			userId: `person ${n}/😀:%`,
			traits: { n, plan: "free" },
			timestamp: at(n),
		})),
		...Array.from({ length: 30 }, (_, n) => ({
			type: "group",
			userId: `person ${n}/😀:%`,
			groupId: "Acme / 1",
			timestamp: at(n),
		})),
		{ type: "identify", userId: "u1", anonymousId: "a1", traits: { plan: "pro" }, timestamp: at(1_000) },
		{ type: "identify", userId: "u1", traits: { plan: "team" }, timestamp: at(2_000) },
		...Array.from({ length: 25 }, (_, n) => ({ type: "track", event: "Paid", userId: "u1", timestamp: at(3_000 + n) })),
		{ type: "purchase", userId: "u1" },
	];
	const answer = await fetch(`${collector.url}/v1/batch`, {
		method: "POST",
		headers: { authorization: `Basic ${btoa(`${collector.writeKey}:`)}` },
		body: JSON.stringify({ batch }),
	});
	expect(answer.status).toBe(200);
});
afterAll(() => collector?.close());

describe("selfsame/profiles against the built collector", () => {
	test("reads a profile, as of any time, in parts, under any name", async () => {
		const profile = await profiles.get("user_id:u1");
		expect(profile.traits).toEqual({ plan: "team" });
		for (const asOf of [at(1_500), at(1_500).toISOString(), at(1_500).getTime()]) {
			expect((await profiles.get("user_id:u1", { asOf })).traits).toEqual({ plan: "pro" });
		}
		expect(await profiles.get(profile.id, { include: ["eventCount"] })).toEqual({ id: profile.id, eventCount: 27 });
		expect((await profiles.get("user_id:person 7/😀:%")).traits).toEqual({ n: 7, plan: "free" });
		expect(await profiles.find("user_id:nobody")).toBeNull();
		expect((await profiles.identity("user_id:u1")).links).toHaveLength(1);
	});

	test("goes through lists of any length", async () => {
		const seen: string[] = [];
		for await (const { id } of profiles.list({ limit: 50 })) seen.push(id);
		expect([seen.length, new Set(seen).size]).toEqual([121, 121]);
		const first = await profiles.list({ limit: 50 }).page();
		expect(first.page).toMatchObject({ hasMore: true, limit: 50 });
		const second = await profiles.list({ limit: 50 }).page(first.page.next as string);
		expect(second.data[0]?.id).toBe(seen[50]);
		const paid = await profiles.events("user_id:u1", { name: "Paid", order: "asc", limit: 10, from: at(3_005) }).all();
		expect(paid).toHaveLength(20);
		expect((await profiles.traitHistory("user_id:u1", "plan").all()).map(({ value, won }) => [value, won])).toEqual([
			["team", true],
			["pro", false],
		]);
		expect((await profiles.group("Acme / 1")).memberCount).toBe(30);
		expect(await profiles.members("Acme / 1", { limit: 7 }).all()).toHaveLength(30);
	});

	test("looks up more than one request takes", async () => {
		const identifiers = Array.from({ length: 250 }, (_, n) => ({ type: "user_id", value: `person ${n}/😀:%` }));
		const found = await profiles.lookup(identifiers);
		expect(found.map((profile) => profile?.traits.n)).toEqual(identifiers.map((_, n) => (n < 120 ? n : undefined)));
	});

	test("corrects and deletes", async () => {
		const [one, two] = ["user_id:person 1/😀:%", "person 2/😀:%"];
		const reason = "the same person";
		const merged = await profiles.merge(one, { userId: two, reason }, { idempotencyKey: "once" });
		expect(merged.eventCount).toBe(4);
		expect((await profiles.unmerge(one, { userId: two, reason })).eventCount).toBe(2);
		// The same request again is answered as before, and merges nobody.
		expect(await profiles.merge(one, { userId: two, reason }, { idempotencyKey: "once" })).toEqual(merged);
		expect((await profiles.get(one)).eventCount).toBe(2);
		const unlinked = await profiles.unlink("user_id:u1", {
			identifier: { type: "anonymous_id", value: "a1" },
			from: { type: "user_id", value: "u1" },
			reason,
		});
		expect(unlinked.identifiers).toHaveLength(1);
		expect(await profiles.delete("user_id:person 3/😀:%", { dryRun: true })).toMatchObject({ erasedEvents: 2 });
		expect(await profiles.delete("user_id:person 3/😀:%", { suppress: true, reason: "asked" })).toMatchObject({
			erasedEvents: 2,
		});
		expect(await profiles.find("user_id:person 3/😀:%")).toBeNull();
		expect((await profiles.stats()).events).toBeGreaterThan(100);
	});

	test("shows what was rejected, and exports the rest", async () => {
		const [letter] = await profiles.rejected({ code: "invalid_type" }).all();
		expect(letter?.code).toBe("invalid_type");
		expect(await profiles.replayRejected({ ids: [letter?.id] })).toMatchObject({ accepted: 0, remaining: [{}] });
		const text = await new Response(await profiles.export("profiles", { format: "ndjson" })).text();
		expect(text.trim().split("\n")).toHaveLength((await profiles.list().all()).length);
	});

	test("searches, and explains", async () => {
		const filter = {
			all: [
				{ trait: "plan", eq: "free" },
				{ trait: "n", gte: 100 },
			],
		};
		const found = await profiles.search(filter, { limit: 7 }).all();
		expect(found.map(({ traits }) => traits.n).sort()).toEqual(Array.from({ length: 20 }, (_, n) => n + 100));
		expect((await profiles.explain("user_id:u1", filter)).matches).toBe(false);
		expect((await profiles.explain("user_id:u1", { did: "Paid", count: { gte: 25 } })).matches).toBe(true);
	});

	test("follows events as they come in, and goes on where it was", async () => {
		const names: string[] = [];
		let place = "0.0";
		for await (const { id, message } of profiles.stream({ lastEventId: place, type: "track", name: "Paid" })) {
			names.push(message.event?.messageId ?? "");
			place = id;
			if (names.length === 20) break;
		}
		for await (const { message } of profiles.stream({ lastEventId: place, name: "Paid" })) {
			names.push(message.event?.messageId ?? "");
			if (names.length === 25) break;
		}
		expect(new Set(names).size).toBe(25);
	});

	test("says what went wrong in one kind of error", async () => {
		await expect(profiles.get("user_id:nobody")).rejects.toMatchObject({
			name: "ProfilesError",
			code: "not_found",
			status: 404,
			detail: expect.stringMatching(/profile/),
			requestId: expect.stringMatching(/./),
		});
		await expect(profiles.get("nonsense")).rejects.toMatchObject({ code: "invalid_request", status: 400 });
		await expect(profiles.list({ limit: 5_000 }).page()).rejects.toMatchObject({ code: "invalid_request" });
		await expect(profiles.get("user_id:u1", { signal: AbortSignal.abort() })).rejects.toMatchObject({
			name: "AbortError",
		});
	});

	test("is there for require() too, and depends on nothing", async () => {
		const common = createRequire(import.meta.url)(builtEntry(entry.replace(/\.js$/, ".cjs"))) as {
			createProfiles: unknown;
		};
		expect(common.createProfiles).toBeTypeOf("function");
		expect(await readFile(builtEntry(entry), "utf8")).not.toMatch(/\bfrom\s*["']|\brequire\(|\bimport\(/);
	});
});
