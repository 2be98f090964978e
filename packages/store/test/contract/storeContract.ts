import type { AcceptedEvent } from "@selfsame/protocol";
import { InvalidCursorError, type Store } from "@selfsame/store";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

/** A driver under test: a store on a real database, with the default identity rules and `email` (limit 5) on. */
export interface ContractDatabase {
	/** The open store; another object after `reopen`. */
	store: Store;
	reopen(): Promise<void>;
	remove(): Promise<void>;
}

const hour = 3_600_000;
const start = Date.UTC(2026, 0, 1);
let made = 0;

/** An event `hours` after the start, about whom `claims` says. */
function event(hours: number, claims: AcceptedEvent["claims"], rest: Partial<AcceptedEvent> = {}): AcceptedEvent {
	made += 1;
	const timestamp = start + hours * hour;
	return {
		source: "server",
		trust: "server",
		messageId: `m-${made}`,
		type: "track",
		timestamp,
		receivedAt: timestamp + 5,
		claims,
		name: "Thing Done",
		payload: JSON.stringify({ properties: { n: made }, context: { locale: "en" } }),
		...rest,
	};
}

const user = (value: string) => ({ type: "user_id", value });
const device = (value: string) => ({ type: "anonymous_id", value });
const by = (at: number) => ({ actor: "tester", reason: "to see", at });

/** What every driver of the storage port does. Identity itself is held against a reference elsewhere. */
export function describeStore(name: string, open: () => Promise<ContractDatabase>): void {
	describe(`the storage port: ${name}`, () => {
		let database: ContractDatabase;
		const store = () => database.store;
		beforeAll(async () => {
			database = await open();
		});
		afterAll(() => database?.remove());

		it("ends pages of large rows by their bytes, and goes on after them", async () => {
			// Of its own: the others count rejected events.
			const own = await open();
			const store = () => own.store;
			const pad = "x".repeat(120_000);
			const large = () => event(1, { userId: "large" }, { payload: JSON.stringify({ properties: { pad } }) });
			const letter = (n: number) => ({
				...{ source: "server", receivedAt: start + n, messageId: `large-${n}`, code: "invalid_type", detail: "No." },
				body: JSON.stringify({ n, pad }),
			});
			const count = 90;
			await store().ingest(
				Array.from({ length: count }, large),
				Array.from({ length: count }, (_, n) => letter(n)),
			);
			const readAll = async (
				read: (cursor?: string) => Promise<{ data: unknown[]; page: { next: string | null } } | null>,
			) => {
				const pages: unknown[][] = [];
				for (let cursor: string | undefined; ; ) {
					const answer = await read(cursor);
					pages.push(answer?.data ?? []);
					if (!answer?.page.next) return pages;
					cursor = answer.page.next;
				}
			};
			for (const pages of [
				await readAll((cursor) => store().listEvents(user("large"), { limit: 1_000, ...(cursor ? { cursor } : {}) })),
				await readAll((cursor) => store().listRejected({ limit: 1_000, ...(cursor ? { cursor } : {}) })),
			]) {
				const bytes = pages.map((page) => JSON.stringify(page).length);
				expect(Math.max(...bytes)).toBeLessThan(4.5 * 1024 * 1024);
				expect(pages.length).toBeGreaterThan(2);
				const ids = pages.flat().map((row) => (row as { messageId: string }).messageId);
				expect([ids.length >= count, new Set(ids).size]).toEqual([true, ids.length]);
			}
			await own.remove();
		});

		it("answers each event of a batch, in order, and counts a message once for ever", async () => {
			const first = event(0, { userId: "once" });
			const other = event(0, { userId: "once" });
			expect((await store().ingest([first, first, other])).map(({ verdict }) => verdict)).toEqual([
				"accepted",
				"duplicate",
				"accepted",
			]);
			await database.reopen();
			const changed = { ...first, claims: { userId: "somebody else" } };
			expect(await store().ingest([changed])).toEqual([{ verdict: "duplicate" }]);
			expect(await store().findProfile(user("somebody else"))).toBeNull();
			const [elsewhere] = await store().ingest([{ ...first, source: "web" }]);
			expect(elsewhere?.verdict, "a message id is unique per source").toBe("accepted");
			expect(await store().findProfile(user("once"))).toMatchObject({ eventCount: 3 });
		});

		it("shows a write to every read that begins after it, and gives back what was sent", async () => {
			const sent = event(
				1,
				{ userId: "reader", anonymousId: "reader-phone" },
				{ type: "identify", traits: { a: [1] } },
			);
			await store().ingest([sent]);
			const page = await store().listEvents(device("reader-phone"), { limit: 10 });
			expect(page?.data).toEqual([
				expect.objectContaining({
					type: "identify",
					messageId: sent.messageId,
					source: "server",
					userId: "reader",
					anonymousId: "reader-phone",
					traits: { a: [1] },
					context: { locale: "en" },
					timestamp: "2026-01-01T01:00:00.000Z",
					receivedAt: "2026-01-01T01:00:00.005Z",
				}),
			]);
		});

		it("keeps identifiers of two types apart and says nothing of who is not there", async () => {
			await store().ingest([event(2, { userId: "same" }), event(2, { anonymousId: "same" })]);
			const [a, b] = [await store().findProfile(user("same")), await store().findProfile(device("same"))];
			expect(a?.id).not.toBe(b?.id);
			expect(await store().findProfile({ id: a?.id as string })).toEqual(a);
			expect(await store().findProfile(user("nobody"))).toBeNull();
			expect(await store().findProfile({ id: "pro_not-an-id" })).toBeNull();
			expect(await store().listEvents(user("nobody"), { limit: 1 })).toBeNull();
			expect(await store().explainIdentity(user("nobody"))).toBeNull();
			expect(await store().traitHistory(user("nobody"), "x", { limit: 1 })).toBeNull();
			expect(await store().findGroup("nowhere", { limit: 1 })).toBeNull();
		});

		it("pages through events by place in time, both ways, with filters, while more come in", async () => {
			const all = Array.from({ length: 25 }, (_, i) =>
				event(10 + Math.floor(i / 3), { userId: "pager" }, i % 5 === 0 ? { type: "page", name: "Home" } : {}),
			);
			await store().ingest(all);
			for (const order of ["asc", "desc"] as const) {
				const seen: string[] = [];
				let cursor: string | undefined;
				do {
					const page = await store().listEvents(user("pager"), { limit: 4, order, ...(cursor ? { cursor } : {}) });
					seen.push(...(page?.data.map(({ messageId }) => messageId) ?? []));
					cursor = page?.page.next ?? undefined;
				} while (cursor);
				const byPlace = [...all].sort((a, b) => a.timestamp - b.timestamp || (a.messageId < b.messageId ? -1 : 1));
				const expected = byPlace.map(({ messageId }) => messageId);
				expect(seen).toEqual(order === "asc" ? expected : expected.reverse());
			}
			const pages = await store().listEvents(user("pager"), { limit: 100, type: "page", name: "Home" });
			expect(pages?.data).toHaveLength(5);
			const between = { limit: 100, from: start + 11 * hour, to: start + 13 * hour };
			expect((await store().listEvents(user("pager"), between))?.data).toHaveLength(6);
			const first = await store().listEvents(user("pager"), { limit: 1 });
			const stolen = { limit: 1, cursor: first?.page.next as string, type: "page" as const };
			await expect(store().listEvents(user("pager"), stolen)).rejects.toThrow(InvalidCursorError);
			await expect(store().listEvents(user("pager"), { limit: 1, cursor: "!" })).rejects.toThrow(InvalidCursorError);
		});

		it("lists each profile once, page by page, in an order that writes do not disturb", async () => {
			await store().ingest(Array.from({ length: 30 }, (_, i) => event(20, { userId: `listed-${i}` })));
			const ids: string[] = [];
			let cursor: string | undefined;
			do {
				const page = await store().listProfiles({ limit: 7, ...(cursor ? { cursor } : {}) });
				ids.push(...page.data.map(({ id }) => id));
				cursor = page.page.next ?? undefined;
			} while (cursor);
			expect(new Set(ids).size).toBe(ids.length);
			expect(ids).toHaveLength((await store().stats()).profiles);
			expect([...ids].sort()).toEqual(ids);
			const late = await store().listProfiles({
				limit: 1_000,
				seenAfter: start + 20 * hour,
				identifierType: "user_id",
			});
			expect(late.data).toHaveLength(30);
		});

		it("tells every write of a trait, which one won, and what it was as of a time", async () => {
			const write = (hours: number, traits: AcceptedEvent["traits"]) =>
				event(hours, { userId: "traits" }, { type: "identify", ...(traits ? { traits } : {}) });
			await store().ingest([write(32, { plan: "pro" }), write(30, { plan: "free" }), write(34, { plan: null })]);
			const history = await store().traitHistory(user("traits"), "plan", { limit: 10 });
			expect(history?.data.map(({ value, won }) => [value, won])).toEqual([
				[null, true],
				["pro", false],
				["free", false],
			]);
			expect((await store().findProfile(user("traits")))?.traits).toEqual({});
			const then = await store().findProfile(user("traits"), { asOf: start + 33 * hour });
			expect(then).toMatchObject({ traits: { plan: "pro" }, eventCount: 2 });
			expect(await store().findProfile(user("traits"), { asOf: start })).toBeNull();
		});

		it("keeps groups, and who is in them follows the people", async () => {
			const group = (hours: number, claims: AcceptedEvent["claims"], traits: AcceptedEvent["traits"]) =>
				event(hours, { ...claims, groupId: "acme" }, { type: "group", ...(traits ? { traits } : {}) });
			await store().ingest([
				group(40, { anonymousId: "g-phone" }, { seats: 5 }),
				group(41, { userId: "g-ann" }, { seats: 6 }),
			]);
			expect(await store().findGroup("acme", { limit: 1 })).toMatchObject({ traits: { seats: 6 }, memberCount: 2 });
			await store().ingest([event(42, { userId: "g-ann", anonymousId: "g-phone" })]);
			const acme = await store().findGroup("acme", { limit: 10 });
			expect(acme?.members.data).toEqual([{ id: (await store().findProfile(user("g-ann")))?.id }]);
		});

		it("lists the events that named a group, page by page", async () => {
			const named = Array.from({ length: 5 }, (_, i) =>
				event(45 + i, { userId: `n-${i}`, groupId: "named" }, { type: "group" }),
			);
			await store().ingest([...named, event(46, { groupId: "named" }, { type: "group" })]);
			const first = await store().listGroupEvents("named", { limit: 3 });
			expect(first?.data.map(({ userId }) => userId)).toEqual(["n-4", "n-3", "n-2"]);
			const rest = { limit: 3, cursor: first?.page.next as string };
			expect((await store().listGroupEvents("named", rest))?.data.map(({ userId }) => userId)).toEqual(["n-1", "n-0"]);
			const between = { limit: 9, order: "asc" as const, from: start + 46 * hour, to: start + 48 * hour };
			expect((await store().listGroupEvents("named", between))?.data.map(({ userId }) => userId)).toEqual([
				"n-1",
				"n-2",
			]);
			await expect(store().listGroupEvents("acme", rest)).rejects.toThrow(InvalidCursorError);
			expect(await store().listGroupEvents("nowhere", { limit: 1 })).toBeNull();
		});

		it("goes on with a list of events after a merge, where it was", async () => {
			await store().ingest(Array.from({ length: 4 }, (_, i) => event(80 + i, { anonymousId: "l-phone" })));
			const first = await store().listEvents(device("l-phone"), { limit: 2 });
			await store().ingest([event(79, { userId: "l-ann" }), event(90, { userId: "l-ann", anonymousId: "l-phone" })]);
			const query = { limit: 9, cursor: first?.page.next as string };
			const hours = (page: Awaited<ReturnType<Store["listEvents"]>>) =>
				page?.data.map(({ timestamp }) => (Date.parse(timestamp) - start) / hour);
			expect(hours(await store().listEvents(device("l-phone"), query))).toEqual([81, 80, 79]);
			expect(hours(await store().listEvents(user("l-ann"), query))).toEqual([81, 80, 79]);
			await expect(store().listEvents(user("once"), query)).rejects.toThrow(InvalidCursorError);
		});

		it("answers a repeated request as before, for as long as it is kept and its person is there", async () => {
			await store().ingest([event(95, { userId: "r-1" })]);
			const claim = (hash: string, at: number, request = "asked") =>
				store().claimRequest({ hash, request, at }, { forgetBefore: at - 1_000, abandonedBefore: at - 100 });
			expect(await claim("a", 0)).toEqual({ state: "new" });
			expect(await claim("a", 100)).toEqual({ state: "running" });
			expect(await claim("a", 100, "else")).toEqual({ state: "different" });
			expect(await claim("a", 101), "whoever claimed it is gone").toEqual({ state: "new" });
			await store().answerRequest("a", { status: 409, body: "no" });
			await database.reopen();
			expect(await claim("a", 1_101)).toEqual({ state: "answered", status: 409, body: "no" });
			expect(await claim("a", 1_102), "too long ago").toEqual({ state: "new" });
			await store().releaseRequest("a");
			expect(await claim("a", 1_102)).toEqual({ state: "new" });
			await store().answerRequest("a", { status: 200, body: JSON.stringify({ identifiers: [user("r-1")] }) });
			await store().releaseRequest("a");
			expect(await claim("a", 1_103), "an answer is not released").toMatchObject({ state: "answered" });
			await store().deleteProfile(user("r-1"), { suppress: false, dryRun: false }, by(start + 99 * hour));
			expect(await claim("a", 1_103), "it showed a person who is deleted").toEqual({ state: "new" });
		});

		it("corrects with a reason, keeps old profile ids resolving, and undoes nothing else", async () => {
			await store().ingest([event(50, { userId: "c-1" }), event(51, { userId: "c-2" }), event(51, { userId: "c-3" })]);
			const before = await store().findProfile(user("c-2"));
			await store().correct({ kind: "merge", userId: "c-1", otherUserId: "c-2" }, by(start + 52 * hour));
			const merged = await store().findProfile(user("c-1"));
			expect(merged).toMatchObject({ eventCount: 2 });
			expect(await store().findProfile({ id: before?.id as string })).toEqual(merged);
			expect((await store().explainIdentity(user("c-2")))?.links).toEqual([
				expect.objectContaining({ a: user("c-1"), b: user("c-2"), kind: "merge" }),
			]);
			await store().correct({ kind: "unmerge", userId: "c-2" }, by(start + 53 * hour));
			expect(await store().findProfile(user("c-2"))).toEqual(before);
		});

		it("joins two users whom nobody has seen yet", async () => {
			await store().correct({ kind: "merge", userId: "new-a", otherUserId: "new-b" }, by(start + 56 * hour));
			await store().ingest([event(55, { userId: "new-a" }), event(57, { userId: "new-b" })]);
			expect(await store().findProfile(user("new-b"))).toMatchObject({ eventCount: 2 });
		});

		it("hands a device over where its users had it, whatever an alias said that was taken away", async () => {
			const [at, who] = [start + 60 * hour, (value: string) => ({ userId: `taken-${value}` })];
			const phone = { anonymousId: "taken-phone" };
			await store().ingest([event(62, { ...who("b"), previousId: phone.anonymousId }, { type: "alias" })]);
			await store().correct({ kind: "unmerge", userId: "taken-b" }, by(at + 3 * hour));
			await store().ingest([event(64, { ...who("b"), ...phone })]);
			await store().ingest([event(61, { ...who("a"), ...phone })]);
			const a = await store().findProfile(user("taken-a"));
			expect(a?.pastIdentifiers).toEqual([
				{ ...device("taken-phone"), from: null, to: new Date(start + 64 * hour).toISOString() },
			]);
		});

		it("deletes nobody whom only a correction names", async () => {
			await store().ingest([event(50, { userId: "m-ann", previousId: "m-x" }, { type: "alias" })]);
			const merge = { kind: "merge", userId: "m-ann", otherUserId: "m-x" } as const;
			await store().correct(merge, by(start + 51 * hour));
			// From here on the alias is about a device, so that no event names a user m-x any more.
			await store().ingest([event(52, { userId: "m-bob", anonymousId: "m-x" })]);
			const ask = { suppress: false, dryRun: false };
			const receipt = await store().deleteProfile(user("m-ann"), ask, by(start + 53 * hour));
			expect(receipt).toMatchObject({ erasedEvents: 1, identifiers: 1 });
			expect((await store().findProfile(user("m-bob")))?.identifiers.map(({ value }) => value)).toEqual([
				"m-bob",
				"m-x",
			]);
		});

		it("erases a person: counts first if asked, then for good", async () => {
			await store().ingest([
				event(60, { anonymousId: "e-phone" }),
				event(
					61,
					{ userId: "e-ann", anonymousId: "e-phone" },
					{ type: "identify", traits: { email: "ann@example.org" } },
				),
			]);
			const ask = { suppress: false, dryRun: true };
			expect(await store().deleteProfile(user("e-nobody"), ask, by(start + 62 * hour))).toBeNull();
			expect(await store().deleteProfile(user("e-ann"), ask, by(start + 62 * hour))).toMatchObject({ erasedEvents: 2 });
			expect(await store().findProfile(user("e-ann"))).not.toBeNull();
			const done = await store().deleteProfile(
				device("e-phone"),
				{ suppress: true, dryRun: false },
				by(start + 62 * hour),
			);
			expect(done).toMatchObject({ erasedEvents: 2, deletedAt: "2026-01-03T14:00:00.000Z" });
			expect(await store().findProfile(user("e-ann"))).toBeNull();
			const late = [
				event(60, { anonymousId: "e-phone" }),
				event(70, { userId: "e-ann" }),
				event(70, { userId: "e-bob" }),
			];
			expect((await store().ingest(late)).map(({ verdict }) => verdict)).toEqual(["erased", "suppressed", "accepted"]);
		});

		it("keeps dead letters with their reason, takes them out, and bounds them by count and age", async () => {
			const letter = (receivedAt: number, code: string) => ({
				source: "web",
				receivedAt,
				messageId: null,
				code,
				detail: "because",
				body: "{}",
			});
			await store().ingest([], [letter(1, "a"), letter(2, "b"), letter(3, "a"), letter(4, "a")]);
			const listed = await store().listRejected({ limit: 10, code: "a" });
			expect(listed.data.map(({ receivedAt }) => receivedAt)).toEqual([4, 3, 1]);
			expect(await store().removeRejected([listed.data[0]?.id as number])).toBe(1);
			expect(await store().trimRejected({ maxCount: 1, before: 2 })).toBe(2);
			expect((await store().listRejected({ limit: 10 })).data.map(({ receivedAt }) => receivedAt)).toEqual([3]);
			expect((await store().stats()).rejected).toBe(4);
		});

		it("keeps sources with their keys, and secret keys as hashes", async () => {
			const shop = {
				id: "shop",
				name: "Shop",
				trust: "client" as const,
				options: { ip: "off" },
				writeKeys: ["wk_1", "wk_2"],
			};
			await store().putSource(shop);
			await store().putSource({ ...shop, writeKeys: ["wk_2"] });
			expect((await store().listSources()).find(({ id }) => id === "shop")).toEqual({ ...shop, writeKeys: ["wk_2"] });
			const key = { id: "k1", name: "ci", hash: "ab", scopes: ["read"], createdAt: 1, lastUsedAt: null };
			await store().putSecretKey(key);
			await store().touchSecretKey("k1", 9);
			expect(await store().listSecretKeys()).toEqual([{ ...key, lastUsedAt: 9 }]);
			expect([await store().removeSecretKey("k1"), await store().removeSecretKey("k1")]).toEqual([true, false]);
		});

		it("takes values of every kind: emoji, colons, slashes, quotes inside, a kilobyte", async () => {
			for (const value of ["a:b/c?d=e", "🙂🙂", "it's", `x${"y".repeat(1_022)}z`, "%00", "\u{fffd}", "ſpecial"]) {
				await store().ingest([event(80, { userId: value })]);
				expect((await store().findProfile(user(value)))?.identifiers).toEqual([expect.objectContaining(user(value))]);
			}
		});

		it("says that it is ready", async () => {
			await expect(store().ready()).resolves.toBeUndefined();
		});
	});
}
