import { defaultIdentityConfig as identity } from "@selfsame/identity";
import {
	copyStore,
	openSnapshot,
	openStore,
	rebuildStore,
	StorageUnavailableError,
	type Store,
	verifyStore,
} from "@selfsame/store";
import type { Pool } from "pg";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openPool } from "../../src/postgres/openPool.ts";
import { readOneState } from "../../src/postgres/readOneState.ts";
import { readPostgresUrl } from "../../src/postgres/readUrl.ts";
import { readOnly } from "../../src/postgres/transact.ts";
import { readPages } from "../readStore.ts";
import { openTempStore, type TempStore } from "../tempStore.ts";
import { type SentEvent, toAccepted } from "../toAccepted.ts";
import { makeSchema, type TestSchema } from "./makeSchema.ts";

const quietly = () => {};
/** Stops whoever reports its progress after so many events. */
const failAt = (events: number) => (done: number) => {
	if (done >= events) throw new Error("out of power");
};

/** Each person comes on a device, signs in there, and does something. */
const events = (people: number) =>
	Array.from({ length: people * 3 }, (_, i) => {
		const person = Math.floor(i / 3);
		const sent: SentEvent = {
			type: i % 3 === 1 ? "identify" : "track",
			messageId: `m${i}`,
			timestamp: new Date(Date.UTC(2026, 0, 1) + i).toISOString(),
			anonymousId: `a${person}`,
		};
		if (i % 3 > 0) sent.userId = `u${person}`;
		if (sent.type === "identify") sent.traits = { plan: i };
		else sent.event = "Seen";
		return toAccepted(sent, { source: "server", trust: "server" });
	});

/** Everything that would take what lies there for a workspace. */
const uses = (url: string): [string, () => Promise<unknown>][] => [
	["a server", () => openStore(url, { identity })],
	["an export", () => openSnapshot(url, { identity })],
	["verify", () => verifyStore(url, { identity }, quietly)],
	["rebuild", () => rebuildStore(url, { identity }, quietly)],
];

async function expectRefused(url: string, advice: string): Promise<void> {
	for (const [name, use] of uses(url)) {
		const error = await use().then(
			() => undefined,
			(cause: unknown) => cause as Error,
		);
		expect(error, name).toBeInstanceOf(StorageUnavailableError);
		expect(error?.message, name).toContain(advice);
	}
}

describe("a copy that is not complete", { timeout: 120_000 }, () => {
	let from: TempStore;
	let to: TestSchema;
	beforeEach(async () => {
		from = await openTempStore(identity, "sqlite");
		to = await makeSchema();
		await from.store.ingest(events(500));
	});
	afterEach(async () => {
		await from.remove();
		await to.drop();
	});
	const copy = (progress: (done: number) => void = quietly) =>
		copyStore({ from: from.url, to: to.url }, { identity }, progress);

	it("is taken for no workspace until it was brought to its end", async () => {
		await expect(copy(failAt(1_000))).rejects.toThrow("out of power");
		await expectRefused(to.url, "Run `selfsame copy` to its end again");
		expect(await copy()).toMatchObject({ differences: [], profiles: 500 });
		const store = await openStore(to.url, { identity });
		expect(await store.stats()).toEqual(await from.store.stats());
		await store.close();
		expect(await verifyStore(to.url, { identity }, quietly)).toMatchObject({ differences: [], profiles: 500 });
	});

	it("nor is one in which a profile differs, nor one that a second run left", async () => {
		await copy();
		const store = await openStore(to.url, { identity });
		await from.store.ingest(events(800));
		await expect(copy(failAt(2_000))).rejects.toThrow("out of power");
		await expectRefused(to.url, "selfsame copy");
		// Nor does a server that had it open before go on answering from it, or take events in.
		await expect(store.findProfile({ type: "user_id", value: "u1" })).rejects.toThrow("selfsame copy");
		await expect(store.ingest(events(801))).rejects.toThrow("selfsame copy");
		await store.close();
		await to.query("DELETE FROM trait_writes WHERE lead = (SELECT id FROM identifiers WHERE value = 'u7')");
		expect((await copy()).differences).toMatchObject([{ stored: { traits: { plan: 22 } }, rebuilt: { traits: {} } }]);
		await expectRefused(to.url, "selfsame copy");
	});
});

describe("a rebuild", { timeout: 120_000 }, () => {
	let temp: TempStore;
	let pool: Pool;
	beforeEach(async () => {
		temp = await openTempStore(identity, "postgres");
		await temp.store.ingest(events(400));
		pool = openPool(readPostgresUrl(temp.url));
	});
	afterEach(async () => {
		const schema = new URL(temp.url).searchParams.get("schema");
		const { rows } = await pool.query("SELECT nspname AS name FROM pg_namespace WHERE nspname LIKE $1", [
			`${schema}\\_%`,
		]);
		for (const { name } of rows) await pool.query(`SET client_min_messages = warning; DROP SCHEMA "${name}" CASCADE`);
		await pool.end();
		await temp.remove();
	});

	it("that was interrupted leaves the workspace as it is, and beside it nothing to be taken for one", async () => {
		await expect(rebuildStore(temp.url, { identity }, failAt(1_000))).rejects.toThrow("out of power");
		const beside = new URL(temp.url);
		beside.searchParams.set("schema", `${beside.searchParams.get("schema")}_rebuilt`);
		await expectRefused(beside.href, "selfsame rebuild");
		await temp.reopen();
		expect((await temp.store.stats()).profiles).toBe(400);
		expect((await rebuildStore(temp.url, { identity }, quietly)).swapped).toBe(true);
		await temp.reopen();
		expect((await temp.store.stats()).profiles).toBe(400);
	});

	it("shows half of it to no question that was begun before", async () => {
		const counts: number[] = [];
		const asked = readOneState(pool, readOnly, async (client) => {
			const count = async () => (await client.query("SELECT count(*) FROM events")).rows[0].count as number;
			const before = await count();
			if (counts.length === 0) await rebuildStore(temp.url, { identity }, quietly);
			counts.push(before, await count());
			return counts.at(-1);
		});
		expect(await asked).toBe(1_200);
		// What the first attempt saw is why there was a second one.
		expect(counts).toEqual([1_200, 0, 1_200, 1_200]);
	});

	it("changes no answer while it takes the workspace's place", async () => {
		const ask = async (store: Store) => ({
			profiles: await readPages((cursor) => store.listProfiles({ limit: 50, ...cursor })),
			found: await store.listProfiles({ limit: 3, identifierType: "anonymous_id" }),
			feed: (await store.readFeed({ seq: 0, letter: 0 }, 20)).map(({ place }) => place),
		});
		await temp.settle();
		const expected = await ask(temp.store);
		let rebuilding = true;
		const asking = [0, 1].map(async () => {
			while (rebuilding) expect(await ask(temp.store)).toEqual(expected);
		});
		for (let time = 0; time < 3; time += 1) {
			await rebuildStore(temp.url, { identity }, quietly);
			// What was is kept under the second of the change.
			await new Promise((resolve) => setTimeout(resolve, 1_100));
		}
		rebuilding = false;
		await Promise.all(asking);
	});
});
