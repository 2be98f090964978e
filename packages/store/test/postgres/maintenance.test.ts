import { defaultIdentityConfig, type IdentityConfig } from "@selfsame/identity";
import type { AcceptedEvent, Profile } from "@selfsame/protocol";
import {
	copyStore,
	IdentityRulesChangedError,
	openStore,
	rebuildStore,
	type Store,
	verifyStore,
} from "@selfsame/store";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openPool } from "../../src/postgres/openPool.ts";
import { readPostgresUrl } from "../../src/postgres/readUrl.ts";
import { readPages } from "../readStore.ts";
import { openTempStore, type TempStore } from "../tempStore.ts";
import { makeSchema, type TestSchema } from "./makeSchema.ts";

const plain = defaultIdentityConfig;
const withEmail: IdentityConfig = {
	...plain,
	identifiers: { ...plain.identifiers, email: { priority: 2, limit: 2 } },
};
const by = (at: number) => ({ actor: "test", reason: "a test", at });
const quietly = () => {};

/** Six users on four devices with two emails each, late and early. */
function event(i: number): AcceptedEvent {
	const [user, device] = [`u${i % 6}`, `a${(i * 7) % 4}`];
	return {
		source: "server",
		trust: "server",
		messageId: `m${i}`,
		type: i % 5 === 0 ? "identify" : "track",
		timestamp: (i * 37) % 100,
		receivedAt: Date.UTC(2026, i % 3, 1) + i,
		claims: i % 3 === 0 ? { anonymousId: device } : { userId: user, anonymousId: device, emails: [`${user}@x.io`] },
		...(i % 5 === 0 ? { traits: { plan: i } } : { name: "Done" }),
		payload: JSON.stringify({ properties: { i } }),
	};
}
const events = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => event(from + i));

const allProfiles = (store: Store): Promise<Profile[]> =>
	readPages((cursor) => store.listProfiles({ limit: 100, ...cursor }));

async function change(url: string, sql: string): Promise<void> {
	const pool = openPool(readPostgresUrl(url));
	await pool.query(sql);
	await pool.end();
}
const dropSchema = (url: string, schema: string) =>
	change(url, `SET client_min_messages = warning; DROP SCHEMA "${schema}" CASCADE`);

async function live(store: Store): Promise<void> {
	await store.putSource({ id: "web", name: "Web", trust: "client", options: {}, writeKeys: ["k1"] });
	await store.ingest(events(0, 60));
	await store.correct({ kind: "merge", userId: "u1", otherUserId: "u2" }, by(101));
	await store.correct({ kind: "unmerge", userId: "u2" }, by(102));
	const options = { suppress: true, dryRun: false };
	const receipt = await store.deleteProfile({ type: "user_id", value: "u4" }, options, by(50));
	expect(receipt?.erasedEvents).toBeGreaterThan(0);
	await store.ingest(events(60, 90));
}

describe("looking after a workspace in PostgreSQL", () => {
	let temp: TempStore;
	beforeEach(async () => {
		temp = await openTempStore(plain, "postgres");
		await live(temp.store);
	});
	afterEach(() => temp.remove());

	it("verify finds nothing while all is well, and says how far it is", async () => {
		const steps: [number, number][] = [];
		const report = await verifyStore(temp.url, { identity: plain }, (...step) => steps.push(step));
		expect(report).toMatchObject({ differences: [], profiles: (await temp.store.stats()).profiles });
		expect(report.events).toBe((await temp.store.stats()).events);
		expect(steps.at(-1)).toEqual([report.events, report.events]);
	});

	it("verify finds a profile that is not what its events say, and refuses other rules", async () => {
		await change(temp.url, "DELETE FROM trait_writes");
		expect((await verifyStore(temp.url, { identity: plain }, quietly)).differences.length).toBeGreaterThan(0);
		await expect(verifyStore(temp.url, { identity: withEmail }, quietly)).rejects.toThrow(IdentityRulesChangedError);
	});

	it("a rebuild under other rules gives what those rules give from the start, and refuses who still has the old", async () => {
		const { swapped, previous } = await rebuildStore(temp.url, { identity: withEmail }, quietly);
		expect(swapped).toBe(true);
		await expect(temp.store.ingest(events(90, 91))).rejects.toThrow(IdentityRulesChangedError);
		await expect(temp.store.correct({ kind: "unmerge", userId: "u1" }, by(200))).rejects.toThrow(
			IdentityRulesChangedError,
		);
		await temp.store.close();
		temp.store = await openStore(temp.url, { identity: withEmail });
		expect((await verifyStore(temp.url, { identity: withEmail }, quietly)).differences).toEqual([]);
		expect((await allProfiles(temp.store)).flatMap(({ identifiers }) => identifiers.map(({ type }) => type))).toContain(
			"email",
		);
		const fresh = await openTempStore(withEmail, "postgres");
		await live(fresh.store);
		expect(await allProfiles(temp.store)).toEqual(await allProfiles(fresh.store));
		await fresh.remove();
		await dropSchema(temp.url, previous as string);
	});

	it("a rebuild loses nothing of what comes in meanwhile, and those who bring it notice nothing", async () => {
		let sent = 90;
		let stop = false;
		const sending = (async () => {
			while (!stop) {
				const results = await temp.store.ingest(events(sent, sent + 5));
				for (const { verdict } of results) expect(["accepted", "erased", "suppressed"]).toContain(verdict);
				sent += 5;
			}
		})();
		const reports = [];
		for (let time = 0; time < 2; time += 1) {
			reports.push(await rebuildStore(temp.url, { identity: plain }, quietly));
			await new Promise((resolve) => setTimeout(resolve, 1_100));
		}
		stop = true;
		await sending;
		expect((await verifyStore(temp.url, { identity: plain }, quietly)).differences).toEqual([]);
		const again = await temp.store.ingest(events(0, sent));
		expect(new Set(again.map(({ verdict }) => verdict))).toEqual(new Set(["duplicate"]));
		for (const { previous } of reports) await dropSchema(temp.url, previous as string);
	});
});

describe("copying a SQLite file to PostgreSQL", () => {
	let from: TempStore;
	let to: TestSchema;
	beforeEach(async () => {
		from = await openTempStore(plain, "sqlite");
		to = await makeSchema();
	});
	afterEach(async () => {
		await from.remove();
		await to.drop();
	});
	const copy = (progress: (done: number) => void = quietly) =>
		copyStore({ from: from.url, to: to.url }, { identity: plain }, progress);

	it("gives a store that goes on where the file was: sources, counts, what was deleted, what is known", async () => {
		await live(from.store);
		const claim = (store: Store) =>
			store.claimRequest({ hash: "h", request: "r", at: 400 }, { forgetBefore: 0, abandonedBefore: 0 });
		expect(await claim(from.store)).toEqual({ state: "new" });
		await from.store.answerRequest("h", { status: 200, body: "{}" });
		expect((await copy()).differences).toEqual([]);
		const store = await openStore(to.url, { identity: plain });
		try {
			expect(await store.stats()).toEqual(await from.store.stats());
			expect(await store.listSources()).toEqual(await from.store.listSources());
			expect(await claim(store)).toEqual({ state: "answered", status: 200, body: "{}" });
			for (const each of [store, from.store]) {
				const verdicts = (await each.ingest(events(0, 120))).map(({ verdict }) => verdict);
				expect(verdicts.slice(0, 90)).toEqual(Array(90).fill("duplicate"));
				expect(verdicts.filter((verdict) => verdict === "suppressed" || verdict === "erased").length).toBeGreaterThan(
					0,
				);
			}
			expect(await allProfiles(store)).toEqual(await allProfiles(from.store));
			expect(await store.stats()).toEqual(await from.store.stats());
			await store.putSource({ id: "other", name: "Other", trust: "client", options: {}, writeKeys: ["k2"] });
			expect((await verifyStore(to.url, { identity: plain }, quietly)).differences).toEqual([]);
			await expect(copy()).rejects.toThrow("The target holds what the source does not have");
		} finally {
			await store.close();
		}
	});

	it("goes on where it stopped", async () => {
		for (let i = 0; i < 2_100; i += 700) await from.store.ingest(events(i, i + 700));
		const crash = (done: number) => {
			if (done >= 1_000) throw new Error("out of power");
		};
		await expect(copy(crash)).rejects.toThrow("out of power");
		const begun: number[] = [];
		expect(await copy((done) => begun.push(done))).toMatchObject({ events: 2_100, differences: [] });
		expect(begun[0]).toBe(1_000);
	});

	it("does not bring back who was deleted at the source meanwhile, nor writes over another workspace", async () => {
		await live(from.store);
		await copy();
		await from.store.deleteProfile({ type: "user_id", value: "u5" }, { suppress: false, dryRun: false }, by(300));
		await expect(copy()).rejects.toThrow("People were deleted at the source");
		const other = await openTempStore(plain, "postgres");
		await live(other.store);
		await expect(copyStore({ from: from.url, to: other.url }, { identity: plain }, quietly)).rejects.toThrow(
			"holds a workspace of its own",
		);
		await other.remove();
	});
});
