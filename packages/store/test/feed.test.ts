import type { Identifier } from "@selfsame/protocol";
import { type DeadLetter, type FeedItem, type FeedPlace, InvalidCursorError, type Store } from "@selfsame/store";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { configs } from "./configs.ts";
import { databaseOfRun } from "./databaseOfRun.ts";
import { canonical, randomCommits, readBySnapshot, withSnapshot } from "./datasets.ts";
import { createRandom } from "./random.ts";
import { readPages } from "./readStore.ts";
import { openTempStore, type TempStore } from "./tempStore.ts";
import { toAccepted } from "./toAccepted.ts";

const seed = Number(process.env.SELFSAME_SEED ?? 20260131);
const scale = Number(process.env.SELFSAME_TEST_SCALE ?? 1);
console.info(`feed test: SELFSAME_SEED=${seed}`);

type Accepted = Extract<FeedItem, { verdict: "accepted" }>;

const start: FeedPlace = { seq: 0, letter: 0 };

/** Reads to the end, in pages of all sizes. */
async function follow({ store, settle }: TempStore, from = start, random = createRandom(seed)): Promise<FeedItem[]> {
	const all: FeedItem[] = [];
	await settle();
	for (let place = from; ; ) {
		const items = await store.readFeed(place, 1 + Math.floor(random() * 20));
		const last = items.at(-1);
		if (!last) return all;
		all.push(...items);
		place = last.place;
	}
}

const letter = (id: number, receivedAt = id): DeadLetter => ({
	source: "web",
	receivedAt,
	messageId: `bad-${id}`,
	code: "invalid_event",
	detail: "no",
	body: "{}",
});

const isAccepted = (item: FeedItem): item is Accepted => item.verdict === "accepted";
const name = ({ source, messageId }: { source: string; messageId: string }) => `${source}/${messageId}`;

describe("the feed", () => {
	it.concurrent.each(Object.entries(configs))(
		"tells each event once, as the API does, with %s",
		async (_, identity) => {
			const temp = await openTempStore(identity);
			const told: FeedItem[] = [];
			for (const [index, commit] of randomCommits(seed, Math.ceil(8 * scale)).entries()) {
				await commit(temp.store);
				if (index % 3 === 0) await temp.store.ingest([], [letter(index)]);
				if (index % 7 === 0) told.push(...(await follow(temp, told.at(-1)?.place)));
				if (index % 20 === 0) await temp.reopen();
			}
			told.push(...(await follow(temp, told.at(-1)?.place)));

			const seqs = told.filter(isAccepted).map(({ place }) => place.seq);
			expect(seqs, "in the order of the commits").toEqual([...new Set(seqs)].sort((a, b) => a - b));
			const letters = told.flatMap((item) => (item.verdict === "rejected" ? [item.letter] : []));
			const kept = await readPages((cursor) => temp.store.listRejected({ limit: 100, ...cursor }));
			expect(letters).toEqual(expect.arrayContaining(kept));

			// Once more from the beginning, when nothing changes any more: everything that is there, as it is now.
			const again = await follow(temp);
			const { events } = await withSnapshot(temp.url, identity, readBySnapshot);
			const rows = again.filter(isAccepted).map(({ event, profileId }) => ({ ...event, profileId }));
			expect(
				rows
					.filter(({ profileId }) => profileId !== null)
					.map(canonical)
					.sort(),
			).toEqual(events);
			expect(told.filter(isAccepted).map(({ event }) => name(event))).toEqual(
				expect.arrayContaining(rows.map((event) => name(event as never))),
			);
			await expectReasons(temp.store, again.filter(isAccepted));
			await temp.remove();
		},
	);

	/** Each refusal that the profiles explain is told with its event, and no other. */
	async function expectReasons(store: Store, items: Accepted[]) {
		const text = (
			event: { source: string; messageId: string },
			refusal: { identifier: Identifier; from: Identifier; reason: string },
		) => JSON.stringify([name(event), refusal.identifier, refusal.from, refusal.reason]);
		const profiles = await readPages((cursor) => store.listProfiles({ limit: 100, ...cursor }));
		const views = await Promise.all(profiles.map(({ id }) => store.explainIdentity({ id })));
		const explained = views.flatMap((view) => view?.refused.map((refusal) => text(refusal, refusal)) ?? []);
		const events = new Set(items.map(({ event }) => name(event)));
		const told = items.flatMap(({ event, identity }) =>
			(identity.refused ?? []).map((refusal) => text(event as never, refusal)),
		);
		// A merge made through the API is no event.
		const ofEvents = explained.filter((refusal) => events.has((JSON.parse(refusal) as [string])[0]));
		expect([...new Set(told)].sort()).toEqual([...new Set(ofEvents)].sort());
	}
});

describe("an item of the feed", () => {
	let temp: TempStore;
	beforeEach(async () => {
		temp = await openTempStore(configs["one email"] as never);
	});
	afterEach(() => temp.remove());

	const event = (messageId: string, second: number, rest: object) =>
		toAccepted(
			{
				type: "track",
				event: "Seen",
				messageId,
				timestamp: new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString(),
				...rest,
			},
			{ source: "server", trust: "server" },
		);
	const last = async () => (await follow(temp)).filter(isAccepted).at(-1) as Accepted;
	const [a1, a2, u1, u2] = [
		{ type: "anonymous_id", value: "a1" },
		{ type: "anonymous_id", value: "a2" },
		{ type: "user_id", value: "u1" },
		{ type: "user_id", value: "u2" },
	];

	it("says what the event claimed, joined, contested and was refused", async () => {
		await temp.store.ingest([event("1", 1, { anonymousId: "a1" })]);
		expect((await last()).identity).toEqual({ identifiers: [a1], changes: [], refused: [] });
		await temp.store.ingest([event("2", 2, { userId: "u1", anonymousId: "a1" })]);
		const claimed = await last();
		expect(claimed.identity).toEqual({
			identifiers: [u1, a1],
			changes: [{ kind: "claim", identifier: a1, other: u1 }],
			refused: [],
		});
		expect(claimed.profileId).toBe((await temp.store.findProfile(a1))?.id);
		await temp.store.ingest([event("3", 3, { userId: "u2", anonymousId: "a1" })]);
		const moved = await last();
		expect(moved.identity.refused).toEqual([{ identifier: a1, from: u2, reason: "moved" }]);
		expect(moved.identity.changes.map(({ kind }) => kind)).toContain("contest");
		await temp.store.ingest([event("4", 4, { userId: "u1", anonymousId: "a2" })]);
		await temp.store.ingest([event("5", 5, { type: "alias", userId: "u1", previousId: "u2" })]);
		expect((await last()).identity.changes.map(({ kind }) => kind)).toContain("union");
		expect(a2).toBeDefined();
		await temp.store.ingest([event("6", 6, {})]);
		expect(await last()).toMatchObject({ profileId: null, identity: { identifiers: [], changes: [], refused: [] } });
	});

	it("does not say what would take too long, and says so", async () => {
		const shared = (number: number) =>
			event(`m${number}`, number % 60, { userId: `u${number % 2}`, anonymousId: "a1" });
		await temp.store.ingest(Array.from({ length: 2_500 }, (_, number) => shared(number)));
		expect((await last()).identity.refused).toBeNull();
	});

	it("comes between others by when it was received", async () => {
		const at = (messageId: string, receivedAt: number) => ({ ...event(messageId, 1, { userId: "u1" }), receivedAt });
		await temp.store.ingest([at("e1", 10), at("e2", 30)], [letter(1, 20), letter(2, 40)]);
		const order = (await follow(temp)).map((item) => (isAccepted(item) ? item.event.messageId : item.letter.messageId));
		expect(order).toEqual(["e1", "bad-1", "e2", "bad-2"]);
	});

	it("begins a new page before the last one grows large", async () => {
		const fat = JSON.stringify({ properties: { note: "x".repeat(100_000) } });
		await temp.store.ingest(
			Array.from({ length: 30 }, (_, index) => ({ ...event(`m${index}`, index, {}), payload: fat })),
		);
		expect(await temp.store.readFeed(start, 100)).toHaveLength(6);
		expect(await follow(temp)).toHaveLength(30);
	});

	it("is asked for from the end, and not from beyond it", async () => {
		await temp.store.ingest([event("1", 1, { userId: "u1" })], [letter(1)]);
		const told = (await follow(temp)).at(-1) as FeedItem;
		const end = await temp.store.feedEnd();
		if (databaseOfRun === "sqlite") expect(end).toEqual(told.place);
		expect(await temp.store.readFeed(end, 10)).toEqual([]);
		const far = databaseOfRun === "sqlite" ? 1 : 2 ** 40;
		for (const beyond of [
			{ ...end, seq: end.seq + far },
			{ ...end, letter: end.letter + far },
		]) {
			await expect(temp.store.readFeed(beyond, 10)).rejects.toThrow(InvalidCursorError);
		}
		await temp.store.ingest([event("2", 2, { userId: "u1" })]);
		await temp.settle();
		expect(await temp.store.readFeed(end, 10)).toHaveLength(1);
	});

	it("has a number that no later one has, though it was deleted and the store opened again", async () => {
		await temp.store.ingest([event("1", 1, { userId: "u1" })], [letter(1)]);
		const { place: last } = (await follow(temp)).at(-1) as FeedItem;
		const options = { suppress: false, dryRun: false };
		await temp.store.deleteProfile(u1 as Identifier, options, { actor: "test", reason: "", at: Date.now() });
		await temp.store.removeRejected([last.letter]);
		await temp.reopen();
		await temp.settle();
		const end = await temp.store.feedEnd();
		if (databaseOfRun === "sqlite") expect(end).toEqual(last);
		expect([end.seq >= last.seq, end.letter >= last.letter]).toEqual([true, true]);
		await temp.store.ingest([event("2", 2, { userId: "u2" })], [letter(2)]);
		await temp.settle();
		const [first, second, ...more] = await temp.store.readFeed(end, 10);
		expect(more).toEqual([]);
		expect(first?.place).toEqual({ seq: end.seq, letter: second?.place.letter });
		expect(
			[second?.place.seq, second?.place.letter].map((number) => Number(number) > Math.max(last.seq, last.letter)),
		).toEqual([true, true]);
	});
});
