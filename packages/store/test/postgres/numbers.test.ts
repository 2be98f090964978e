import { defaultIdentityConfig as identity } from "@selfsame/identity";
import { copyStore, type FeedItem, type FeedPlace, openStore, type Store, sqliteFile } from "@selfsame/store";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openPool } from "../../src/postgres/openPool.ts";
import { readPostgresUrl } from "../../src/postgres/readUrl.ts";
import { openTempStore, type TempStore } from "../tempStore.ts";
import { toAccepted } from "../toAccepted.ts";
import { makeSchema, type TestSchema } from "./makeSchema.ts";

/** Greater than any server of the tests comes to. */
const far = 2 ** 42;
const start: FeedPlace = { seq: 0, letter: 0 };

/** ms. One second is enough for what comes next to be later. */
let clock = Date.UTC(2026, 0, 1);
const tick = () => {
	clock += 1_000;
	return clock;
};
const event = (messageId: string) =>
	toAccepted(
		{ type: "track", event: "Seen", messageId, userId: `u-${messageId}`, timestamp: new Date(tick()).toISOString() },
		{ source: "server", trust: "server" },
	);
const letter = (messageId: string) => {
	return { source: "web", receivedAt: tick(), messageId, code: "invalid_event", detail: "no", body: "{}" };
};

/** Two events and a letter, each in a commit of its own. */
async function add(store: Store, name: string): Promise<string[]> {
	await store.ingest([event(`${name}1`)]);
	await store.ingest([], [letter(`${name}2`)]);
	await store.ingest([event(`${name}3`)]);
	return [`${name}1`, `${name}2`, `${name}3`];
}

const messageOf = (item: FeedItem) => (item.verdict === "accepted" ? item.event.messageId : item.letter.messageId);

async function follow(store: Store, settle: () => Promise<void>, from: FeedPlace): Promise<FeedItem[]> {
	await settle();
	const all: FeedItem[] = [];
	for (let place = from; ; ) {
		const items = await store.readFeed(place, 2);
		if (items.length === 0) return all;
		all.push(...items);
		place = (items.at(-1) as FeedItem).place;
	}
}

const seqs = (items: readonly FeedItem[]) =>
	items.flatMap(({ verdict, place }) => (verdict === "accepted" ? place.seq : []));

/** That numbers go on where they were, for whoever has read up to `places` and is told of `fresh` alone. */
async function expectToGoOn(
	{ store, settle }: Pick<TempStore, "store" | "settle">,
	{ places, old, fresh }: { places: readonly FeedPlace[]; old: readonly string[]; fresh: readonly string[] },
): Promise<void> {
	for (const place of places) expect((await follow(store, settle, place)).map(messageOf)).toEqual(fresh);
	const all = await follow(store, settle, start);
	expect(all.map(messageOf)).toEqual([...old, ...fresh]);
	expect(seqs(all)).toEqual([...new Set(seqs(all))].sort((a, b) => a - b));
}

describe("the numbers of a workspace that was moved", () => {
	it("by a dump, to a server whose own are smaller, go on", async () => {
		const temp = await openTempStore(identity, "postgres");
		const schema = openPool(readPostgresUrl(temp.url));
		// As on a server that has done more than this one.
		await schema.query("INSERT INTO meta (name, value) VALUES ('seq_base', $1)", [`${far}`]);
		const old = await add(temp.store, "old");
		const told = await follow(temp.store, temp.settle, start);
		expect(seqs(told).every((seq) => seq > far)).toBe(true);
		const places = [(told.at(-1) as FeedItem).place, await temp.store.feedEnd()];
		// Nor is the number of one who was deleted given again.
		await temp.store.ingest([event("gone")]);
		const [gone] = await follow(temp.store, temp.settle, places[0] as FeedPlace);
		const by = { actor: "test", reason: "a test", at: tick() };
		await temp.store.deleteProfile({ type: "user_id", value: "u-gone" }, { suppress: false, dryRun: false }, by);
		await temp.store.close();
		await schema.query("DELETE FROM meta WHERE name = 'seq_base'");
		temp.store = await openStore(temp.url, { identity });
		const fresh = await add(temp.store, "new");
		await expectToGoOn(temp, { places: [...places, (gone as FeedItem).place], old, fresh });

		const base = async () => (await schema.query("SELECT value FROM meta WHERE name = 'seq_base'")).rows;
		const moved = await base();
		await temp.reopen();
		expect(await base(), "once is enough").toEqual(moved);
		await schema.end();
		await temp.remove();
	});

	describe("by a copy from a file", () => {
		let from: TempStore;
		let to: TestSchema;
		beforeEach(async () => {
			from = await openTempStore(identity, "sqlite");
			to = await makeSchema();
		});
		afterEach(async () => {
			await from.remove();
			await to.drop();
		});

		it.each([
			["has smaller ones", 0],
			["has greater ones", far],
		])("that %s, go on", async (_, last) => {
			await from.store.close();
			const file = new Database(sqliteFile(from.url));
			file.prepare("INSERT INTO counters (name, value) VALUES ('last_seq', ?)").run(last);
			file.close();
			await from.reopen();
			const old = await add(from.store, "old");
			const told = await follow(from.store, from.settle, start);
			expect(seqs(told)[0]).toBe(last + 1);
			const places = [(told.at(-1) as FeedItem).place, await from.store.feedEnd()];
			const copy = () => copyStore({ from: from.url, to: to.url }, { identity }, () => {});
			expect((await copy()).differences).toEqual([]);
			const later = await add(from.store, "later");
			expect((await copy()).differences).toEqual([]);
			const store = await openStore(to.url, { identity });
			const fresh = await add(store, "new");
			await expectToGoOn({ store, settle: to.settle }, { places, old, fresh: [...later, ...fresh] });
			await store.close();
		});
	});
});
