import { copyFileSync, existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { defaultIdentityConfig, type IdentityConfig } from "@selfsame/identity";
import type { AcceptedEvent, Profile } from "@selfsame/protocol";
import {
	IdentityRulesChangedError,
	openStore,
	rebuildStore,
	type Store,
	sqliteFile,
	verifyStore,
} from "@selfsame/store";
import Database from "better-sqlite3";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openReader, openWriter, requireDurable } from "../src/sqlite/openDatabase.ts";
import { openTempStore, type TempStore } from "./tempStore.ts";

const plain = defaultIdentityConfig;
const withEmail: IdentityConfig = {
	...plain,
	identifiers: { ...plain.identifiers, email: { priority: 2, limit: 2 }, shop_id: { priority: 5, limit: null } },
};

const pick = (...items: string[]) => fc.constantFrom(...items);
const claims = fc.record(
	{
		userId: pick("u1", "u2", "u3"),
		anonymousId: pick("a1", "a2", "a3", "a4"),
		emails: fc.array(pick("x@y.io", "z@y.io", "q@y.io"), { maxLength: 2 }),
		externalIds: fc.array(fc.record({ type: pick("shop_id"), id: pick("s1", "s2") }), { maxLength: 1 }),
	},
	{ requiredKeys: [] },
);
const stream = fc.array(fc.record({ claims, at: fc.nat(50), identifies: fc.boolean() }), {
	minLength: 60,
	maxLength: 60,
});

const seed = Number(process.env.SELFSAME_SEED ?? Date.now() % 2 ** 31);
console.info(`maintenance test: SELFSAME_SEED=${seed}`);

function sampleEvents(): AcceptedEvent[] {
	const [steps = []] = fc.sample(stream, { seed, numRuns: 1 });
	return steps.map((step, index) => ({
		source: "server",
		trust: "server",
		messageId: `m${index}`,
		type: step.identifies ? "identify" : "track",
		timestamp: step.at,
		receivedAt: step.at,
		claims: step.claims,
		...(step.identifies ? { traits: { plan: index % 4, email: step.claims.emails?.[0] ?? null } } : { name: "Done" }),
		payload: JSON.stringify({ context: { locale: "en" } }),
	}));
}

async function allProfiles(store: Store): Promise<Profile[]> {
	const profiles: Profile[] = [];
	let cursor: string | undefined;
	do {
		const page = await store.listProfiles({ limit: 100, ...(cursor ? { cursor } : {}) });
		profiles.push(...page.data);
		cursor = page.page.next ?? undefined;
	} while (cursor);
	return profiles;
}

describe("looking after a workspace's file", () => {
	let temp: TempStore;
	beforeEach(async () => {
		temp = await openTempStore(plain, "sqlite");
		const events = sampleEvents();
		await temp.store.ingest(events.slice(0, 40));
		await temp.store.correct({ kind: "merge", userId: "u1", otherUserId: "u2" }, { actor: "t", reason: "r", at: 60 });
		await temp.store.correct({ kind: "unmerge", userId: "u2" }, { actor: "t", reason: "r", at: 61 });
		const device = { type: "anonymous_id", value: "a4" };
		await temp.store.deleteProfile(device, { suppress: false, dryRun: false }, { actor: "t", reason: "r", at: 62 });
		await temp.store.ingest(events.slice(40));
	});
	afterEach(() => temp.remove());

	it("verify finds nothing while all is well, and says how far it is", async () => {
		const steps: [number, number][] = [];
		const report = await verifyStore(temp.url, { identity: plain }, (done, total) => steps.push([done, total]));
		expect(report.differences).toEqual([]);
		expect(report.profiles).toBe((await temp.store.stats()).profiles);
		expect(steps.at(-1)).toEqual([report.events, report.events]);
	});

	it("verify finds a profile that is not what its events say", async () => {
		await temp.store.ingest([
			{
				...(sampleEvents()[0] as AcceptedEvent),
				messageId: "v1",
				timestamp: 90,
				claims: { userId: "v-user", anonymousId: "v-phone" },
			},
		]);
		const file = sqliteFile(temp.url);
		await temp.store.close();
		const database = new Database(file);
		database.exec("UPDATE identifiers SET owner = NULL WHERE value = 'v-phone'");
		database.exec(
			"INSERT INTO events SELECT seq + 1000, source, 'v2', type, trusted, 91, 91, (SELECT id FROM identifiers WHERE value = 'v-phone'), NULL, name, NULL, write_key FROM events WHERE message_id = 'v1'",
		);
		database.close();
		const report = await verifyStore(temp.url, { identity: plain }, () => {});
		expect(report.differences.length).toBeGreaterThan(0);
		temp.store = await openStore(temp.url, { identity: plain });
	});

	it("a rebuild under other rules gives what those rules give from the start", async () => {
		await temp.store.close();
		await expect(openStore(temp.url, { identity: withEmail })).rejects.toThrow(IdentityRulesChangedError);
		const report = await rebuildStore(temp.url, { identity: withEmail }, () => {});
		expect(report.swapped).toBe(true);
		expect(existsSync(report.previous as string)).toBe(true);
		temp.store = await openStore(temp.url, { identity: withEmail });
		expect((await verifyStore(temp.url, { identity: withEmail }, () => {})).differences).toEqual([]);
		const rebuilt = await allProfiles(temp.store);
		expect(rebuilt.some(({ identifiers }) => identifiers.some(({ type }) => type === "email"))).toBe(true);

		const back = await (async () => {
			await temp.store.close();
			await rebuildStore(temp.url, { identity: plain }, () => {});
			temp.store = await openStore(temp.url, { identity: plain });
			return allProfiles(temp.store);
		})();
		expect((await verifyStore(temp.url, { identity: plain }, () => {})).differences).toEqual([]);
		expect(back.length).toBeGreaterThan(0);
	});

	it("a rebuild beside a running store leaves it be; the next start takes over, with what came meanwhile", async () => {
		const before = await allProfiles(temp.store);
		expect((await rebuildStore(temp.url, { identity: withEmail }, () => {})).swapped).toBe(false);
		expect(await allProfiles(temp.store)).toEqual(before);
		const meanwhile = {
			...(sampleEvents()[0] as AcceptedEvent),
			messageId: "meanwhile",
			claims: { userId: "newcomer" },
		};
		await temp.store.ingest([meanwhile]);
		await temp.store.close();
		temp.store = await openStore(temp.url, { identity: withEmail });
		expect(await temp.store.findProfile({ type: "user_id", value: "newcomer" })).toMatchObject({ eventCount: 1 });
		expect((await verifyStore(temp.url, { identity: withEmail }, () => {})).differences).toEqual([]);
	});

	it("a backup taken while running opens as a workspace of its own", async () => {
		const file = join(dirname(sqliteFile(temp.url)), "backup.db");
		await temp.store.backup(file);
		copyFileSync(file, `${file}.restored`);
		const restored = await openStore(`file:${file}.restored`, { identity: plain });
		expect(await allProfiles(restored)).toEqual(await allProfiles(temp.store));
		await restored.close();
	});

	it("has its commits synced in full, on the connection that writes, and says so where it has not", async () => {
		const file = join(dirname(sqliteFile(temp.url)), "durable.db");
		const writer = openWriter(file);
		expect(writer.pragma("synchronous", { simple: true })).toBe(2);
		expect(writer.pragma("journal_mode", { simple: true })).toBe("wal");
		expect(writer.pragma("secure_delete", { simple: true })).toBe(1);
		writer.pragma("synchronous = NORMAL");
		expect(() => requireDurable(writer)).toThrow(/not durable.*synchronous is 1/s);
		const reader = openReader(file);
		expect(() => reader.exec("DELETE FROM events")).toThrow(/readonly/);
		reader.close();
		writer.close();
	});
});
