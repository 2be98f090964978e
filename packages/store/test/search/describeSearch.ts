import { defaultIdentityConfig } from "@selfsame/identity";
import type { AcceptedEvent, Filter, Json, JsonObject, Operation, Step, Value } from "@selfsame/protocol";
import { FilterTooCostlyError, InvalidCursorError } from "@selfsame/store";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DatabaseKind } from "../databaseOfRun.ts";
import { readPages } from "../readStore.ts";
import { openTempStore, type TempStore } from "../tempStore.ts";

const now = Date.UTC(2026, 5, 1, 12);
const hour = 3_600_000;

interface Sent {
	/** Hours before now. */
	ago?: number;
	messageId?: string;
	type?: AcceptedEvent["type"];
	name?: string;
	properties?: Json;
	traits?: JsonObject;
	claims?: AcceptedEvent["claims"];
}

/**
 * What searches and explanations of every driver do; they are held against one another, too.
 *
 * @param every of the tests of a value, every so manieth alone.
 */
export function describeSearch(kind: DatabaseKind, every = 1): void {
	let made = 0;
	let temp: TempStore;
	beforeAll(async () => {
		temp = await openTempStore(defaultIdentityConfig, kind);
	});
	afterAll(() => temp?.remove());

	/** One test's people: their names begin with the test's own word, which every search of it asks for as well. */
	function createTown() {
		made += 1;
		const town = `town${made}`;
		const residents: string[] = [];
		const event = (person: string, sent: Sent): AcceptedEvent => {
			made += 1;
			const timestamp = Math.round(now - (sent.ago ?? 1) * hour);
			const type = sent.type ?? (sent.traits ? "identify" : "track");
			const name = sent.name ?? (type === "track" ? "A" : undefined);
			return {
				source: "server",
				trust: "server",
				messageId: sent.messageId ?? `m${made}`,
				type,
				timestamp,
				receivedAt: timestamp,
				claims: sent.claims ?? { userId: person },
				...(name === undefined ? {} : { name }),
				...(sent.traits ? { traits: sent.traits } : {}),
				payload: JSON.stringify(sent.properties === undefined ? {} : { properties: sent.properties }),
			};
		};
		return {
			async add(name: string, ...all: Sent[]): Promise<void> {
				const person = `${town}-${name}`;
				residents.push(person);
				const home = event(person, { traits: { town }, ago: 10_000 });
				await temp.store.ingest([home, ...all.map((sent) => event(person, sent))]);
			},
			/** Whom a filter finds, in the order in which they came. */
			async find(filter: Filter, at = now): Promise<string[]> {
				const asked: Filter = { all: [{ trait: "town", eq: town }, filter] };
				const found = await readPages((cursor) =>
					temp.store.searchProfiles({ filter: asked, now: at, limit: 2, ...cursor }),
				);
				const ids = found.flatMap(({ identifiers }) => identifiers.map(({ value }) => value));
				const explained = await Promise.all(
					residents.map((value) => temp.store.explainFilter({ type: "user_id", value }, asked, at)),
				);
				const matching = residents.filter((_, index) => explained[index]?.matches);
				expect([...ids].sort(), "an explanation says the same").toEqual([...matching].sort());
				return matching.map((person) => person.slice(town.length + 1));
			},
		};
	}

	describe("tests of a value", () => {
		const values: Record<string, Json> = {
			zero: 0,
			one: 1,
			big: 2 ** 53,
			huge: 2 ** 63,
			float: 0.1 + 0.2,
			text: "pro",
			empty: "",
			digit: "1",
			yes: true,
			no: false,
			wordTrue: "true",
			list: ["pro", 1, null, { b: 2, a: 1 }],
			object: { b: 2, a: { c: [1, 2] } },
			emoji: "a😀é",
			day: "2026-01-31",
			instant: "2026-01-31T01:00:00+01:00",
			late: "2026-01-31T23:59:59.999Z",
			nearlyDate: "2026-01-31 (or so)",
			none: null,
		};
		let town: ReturnType<typeof createTown>;
		beforeAll(async () => {
			town = createTown();
			for (const [name, v] of Object.entries(values)) {
				await town.add(name, { traits: { v, o: { v } } }, { properties: { v, o: { v } } });
			}
			await town.add("missing");
		});

		const all = [...Object.keys(values), "missing"];
		const but = (...names: string[]) => all.filter((name) => !names.includes(name));
		const cases: [Operation, string[]][] = [
			[{ eq: 1 }, ["one"]],
			[{ eq: 0 }, ["zero"]],
			[{ eq: -0 }, ["zero"]],
			[{ eq: 2 ** 53 }, ["big"]],
			[{ eq: 2 ** 63 }, ["huge"]],
			[{ eq: 0.3 }, []],
			[{ eq: 0.1 + 0.2 }, ["float"]],
			[{ eq: "1" }, ["digit"]],
			[{ eq: true }, ["yes"]],
			[{ eq: false }, ["no"]],
			[{ eq: "true" }, ["wordTrue"]],
			[{ eq: "" }, ["empty"]],
			[{ eq: "a😀é" }, ["emoji"]],
			[{ eq: { a: { c: [1, 2] }, b: 2 } }, ["object"]],
			[{ eq: { a: { c: [2, 1] }, b: 2 } }, []],
			[{ eq: '{"b":2,"a":{"c":[1,2]}}' }, []],
			[{ eq: ["pro", 1, null, { a: 1, b: 2 }] }, ["list"]],
			[{ eq: "2026-01-31T00:00:00Z" }, []],
			[{ ne: "pro" }, but("text")],
			[{ in: [] }, []],
			[{ in: ["pro", 1, false, { a: { c: [1, 2] }, b: 2 }] }, ["one", "text", "no", "object"]],
			[{ exists: true }, but("none", "missing")],
			[{ exists: false }, ["none", "missing"]],
			[{ gt: 0 }, ["one", "big", "huge", "float"]],
			[{ gte: 0 }, ["zero", "one", "big", "huge", "float"]],
			[{ lt: 1 }, ["zero", "float"]],
			[{ lte: 2 ** 53 }, ["zero", "one", "big", "float"]],
			[{ gte: "2026-01-31" }, ["day", "instant", "late"]],
			[{ gt: "2026-01-31" }, ["late"]],
			[{ lte: "2026-01-31T00:00:00.000Z" }, ["day", "instant"]],
			[{ lt: "2026-02-01" }, ["day", "instant", "late"]],
			[{ contains: "r" }, ["text", "wordTrue", "nearlyDate"]],
			[{ contains: "" }, ["text", "empty", "digit", "wordTrue", "emoji", "day", "instant", "late", "nearlyDate"]],
			[{ contains: "😀" }, ["emoji"]],
			[{ contains: "pro" }, ["text", "list"]],
			[{ contains: 1 }, ["list"]],
			[{ contains: { a: 1, b: 2 } }, ["list"]],
			[{ starts: "a😀" }, ["emoji"]],
			[{ starts: "ro" }, []],
			[{ starts: "p" }, ["text"]],
		];

		it.each(cases.filter((_, index) => index % every === 0))("%o", async (test, expected) => {
			const inOrder = all.filter((name) => expected.includes(name));
			for (const path of ["v", "o.v"]) {
				expect(await town.find({ trait: path, ...test }), `trait ${path}`).toEqual(inOrder);
				expect(await town.find({ did: "A", where: { prop: path, ...test } }), `prop ${path}`).toEqual(
					inOrder.filter((name) => name !== "missing"),
				);
				const opposite = all.filter((name) => !expected.includes(name));
				expect(await town.find({ not: { trait: path, ...test } }), `not trait ${path}`).toEqual(opposite);
			}
		});
	});

	describe("paths", () => {
		const odd = [
			"a.b",
			'a"b',
			"a'b",
			"a]b",
			"$",
			"[0]",
			"a\\b",
			"é😀",
			"a\nb",
			"; DROP TABLE events",
			"__proto__",
			"*",
			"#-1",
		];

		it.each(odd)("leads to the key %j", async (key) => {
			const town = createTown();
			const traits = Object.fromEntries([[key, { [key]: 7 }]]);
			await town.add("here", { traits }, { properties: traits });
			await town.add("there", { traits: { a: { b: 7 } } }, { properties: { a: { b: 7 } } });
			const path = key.replaceAll(".", "\\.");
			expect(await town.find({ trait: `${path}.${path}`, eq: 7 })).toEqual(["here"]);
			expect(await town.find({ did: "A", where: { prop: `${path}.${path}`, eq: 7 } })).toEqual(["here"]);
		});

		it("leads through objects alone", async () => {
			const town = createTown();
			await town.add("list", { traits: { a: [{ b: 1 }], text: '{"b":1}' } });
			for (const trait of ["a.0.b", "a.b", "a.0", "a.length", "text.b"]) {
				expect(await town.find({ trait, exists: true })).toEqual([]);
				expect(await town.find({ trait, ne: 1 })).toEqual(["list"]);
			}
		});
	});

	it("takes what looks like SQL, JSON paths or patterns for what it is", async () => {
		const town = createTown();
		const texts = [
			"' OR 1=1 --",
			'"; DROP TABLE events; --',
			"%",
			"_",
			"*",
			"?1",
			":p0",
			"\u{1f600}",
			"$.a",
			"a]",
			"\\",
		];
		for (const text of texts)
			await town.add(text, { name: text, traits: { v: text } }, { name: text, properties: { v: text } });
		for (const text of texts) {
			expect(await town.find({ trait: "v", eq: text })).toEqual([text]);
			expect(await town.find({ trait: "v", in: [text, "x"] })).toEqual([text]);
			expect(await town.find({ trait: "v", contains: text })).toContain(text);
			expect(await town.find({ trait: "v", starts: text })).toContain(text);
			expect(await town.find({ sequence: [{ did: text, where: { prop: "v", eq: text } }] })).toEqual(
				text === "*" ? ["*"] : [text],
			);
		}
	});

	describe("did", () => {
		it("means track events by name and others by type", async () => {
			const town = createTown();
			await town.add("track", { name: "page" });
			await town.add("page", { type: "page", name: "A" });
			await town.add("alias", { type: "alias", claims: { userId: `town${made}-other`, previousId: "nobody" } });
			expect(await town.find({ did: "page" })).toEqual(["track", "page"]);
			expect(await town.find({ did: "A" })).toEqual([]);
			expect(await town.find({ did: "alias" })).toEqual([]);
			expect(await town.find({ did: "identify" })).toEqual(["track", "page", "alias"]);
		});

		it("counts, none included", async () => {
			const town = createTown();
			await town.add("none");
			await town.add("one", {});
			await town.add("two", {}, { properties: { big: true } });
			expect(await town.find({ did: "A" })).toEqual(["one", "two"]);
			expect(await town.find({ did: "A", count: { eq: 0 } })).toEqual(["none"]);
			expect(await town.find({ did: "A", count: { lt: 2 } })).toEqual(["none", "one"]);
			expect(await town.find({ did: "A", count: { lte: 2 } })).toEqual(["none", "one", "two"]);
			expect(await town.find({ did: "A", count: { ne: 1 } })).toEqual(["none", "two"]);
			expect(await town.find({ did: "A", count: { gte: 0 } })).toEqual(["none", "one", "two"]);
			expect(await town.find({ did: "A", count: { gt: 1 } })).toEqual(["two"]);
			expect(await town.find({ did: "A", count: { eq: 0 }, where: { prop: "big", eq: true } })).toEqual([
				"none",
				"one",
			]);
		});

		it("looks into windows, whose edges are exact", async () => {
			const town = createTown();
			const instant = 1 / hour;
			const times = { older: 4 + instant, edge: 4, inside: 2, newer: 1, now: 0, future: -1 };
			for (const [name, ago] of Object.entries(times)) await town.add(name, { ago });
			expect(await town.find({ did: "A", within: "4h" })).toEqual(["edge", "inside", "newer", "now"]);
			expect(await town.find({ did: "A", between: ["4h", "1h"] })).toEqual(["edge", "inside"]);
			expect(await town.find({ did: "A", between: ["4h", "0s"] })).toEqual(["edge", "inside", "newer"]);
			expect(await town.find({ did: "A" })).toEqual(Object.keys(times));
			expect(await town.find({ did: "A", within: "4h" }, now + 2 * hour)).toEqual(["inside", "newer", "now", "future"]);
		});

		it("aggregates numbers, and is false over nothing", async () => {
			const town = createTown();
			const add = (name: string, ...values: Json[]) => town.add(name, ...values.map((v) => ({ properties: { v } })));
			await add("sums", 0.1, 0.2, "7", null, true);
			await add("mixed", 1, "1", true, { a: 1, b: 2 }, { b: 2, a: 1 }, null, 1);
			await add("words", "x", "y", "x");
			await add("big", 2 ** 53, 2 ** 53, -1e300, 1e300);
			await town.add("nothing", {});
			await town.add("none");
			const agg = (name: "sum" | "avg" | "min" | "max" | "unique_count", value: object) =>
				town.find({ did: "A", agg: name, of: "v", value: value as { eq: number } });
			expect(await agg("sum", { gt: 0.3 })).toEqual(["sums", "mixed", "big"]);
			expect(await agg("sum", { eq: 2 ** 54 })).toEqual(["big"]);
			expect(await agg("avg", { eq: 1 })).toEqual(["mixed"]);
			expect(await agg("min", { lt: 0 })).toEqual(["big"]);
			expect(await agg("max", { lte: 1 })).toEqual(["sums", "mixed"]);
			expect(await agg("unique_count", { eq: 4 })).toEqual(["sums", "mixed"]);
			expect(await agg("unique_count", { eq: 2 })).toEqual(["words"]);
			expect(await agg("unique_count", { gte: 0 })).toEqual(["sums", "mixed", "words", "big"]);
			expect(await agg("sum", { ne: 5 })).toEqual(["sums", "mixed", "big"]);
		});
	});

	describe("a sequence", () => {
		const [A, B, C]: Step[] = [{ did: "A" }, { did: "B" }, { did: "C" }];
		const steps = (...all: (Step | undefined)[]): Filter => ({ sequence: all }) as Filter;
		const at = (name: string, ago: number, more: Sent = {}): Sent => ({ name, ago, ...more });

		it("follows the order of events, at one instant by messageId", async () => {
			const town = createTown();
			await town.add("ab", at("A", 5), at("B", 4));
			await town.add("ba", at("B", 5), at("A", 4));
			await town.add("tie", at("A", 5, { messageId: `${made}-1` }), at("B", 5, { messageId: `${made}-2` }));
			await town.add("tie2", at("A", 5, { messageId: `${made}-2` }), at("B", 5, { messageId: `${made}-1` }));
			await town.add("once", at("A", 5));
			expect(await town.find(steps(A, B))).toEqual(["ab", "tie"]);
			expect(await town.find(steps(A))).toEqual(["ab", "ba", "tie", "tie2", "once"]);
			expect(await town.find(steps(A, A))).toEqual([]);
		});

		it("counts `within` from the step before, the first from now", async () => {
			const town = createTown();
			await town.add("exact", at("A", 5), at("B", 3));
			await town.add("late", at("A", 5), at("B", 2.9));
			await town.add("again", at("A", 9), at("A", 4), at("B", 2.9));
			await town.add("wrongOne", at("A", 9), at("B", 8), at("A", 2));
			expect(await town.find(steps(A, { ...B, within: "2h" } as Step))).toEqual(["exact", "again", "wrongOne"]);
			expect(await town.find(steps({ ...A, within: "5h" } as Step, B))).toEqual(["exact", "late", "again"]);
			expect(await town.find(steps({ ...A, within: "4h" } as Step, B))).toEqual(["again"]);
		});

		it("holds what was not done once the time for it is over", async () => {
			const town = createTown();
			await town.add("waits", at("A", 2));
			await town.add("over", at("A", 3));
			await town.add("did", at("A", 5), at("B", 3));
			await town.add("tooLate", at("A", 5), at("B", 1.9));
			const filter = steps(A, { not_did: "B", within: "3h" });
			expect(await town.find(filter)).toEqual(["tooLate"]);
			// An event at the very edge may still come.
			expect(await town.find(filter, now + 1)).toEqual(["over", "tooLate"]);
			expect(await town.find(filter, now + hour + 1)).toEqual(["waits", "over", "tooLate"]);
			expect(await town.find(steps(A, { not_did: "B" }))).toEqual(["waits", "over"]);
		});

		it("goes on where a `not_did` ends", async () => {
			const town = createTown();
			await town.add("early", at("A", 9), at("C", 8));
			await town.add("edge", at("A", 9), at("C", 7));
			await town.add("after", at("A", 9), at("C", 6.9));
			await town.add("tooLate", at("A", 9), at("C", 5.9));
			await town.add("broken", at("A", 9), at("B", 8), at("C", 6.9));
			const within = { not_did: "B", within: "2h" } as Step;
			expect(await town.find(steps(A, within, C))).toEqual(["after", "tooLate"]);
			expect(await town.find(steps(A, within, { ...C, within: "1h" } as Step))).toEqual(["after"]);
			expect(await town.find(steps(A, { not_did: "B" }, C))).toEqual(["early", "edge", "after", "tooLate"]);
			expect(await town.find(steps(A, within, { not_did: "C", within: "1h" }))).toEqual(["early", "edge", "tooLate"]);
		});

		it("shares values where it is asked to", async () => {
			const town = createTown();
			const item = (name: string, ago: number, id?: Value) =>
				at(name, ago, { properties: id === undefined ? {} : { id } });
			await town.add("same", item("A", 5, 1), item("B", 4, 1));
			await town.add("other", item("A", 5, 1), item("B", 4, "1"));
			await town.add("missing", item("A", 5), item("B", 4));
			await town.add("object", item("A", 5, { x: 1, y: 2 }), item("B", 4, { y: 2, x: 1 }));
			await town.add("second", item("A", 7, 1), item("A", 6, 2), item("B", 4, 1));
			expect(await town.find(steps(A, { ...B, same: "id" } as Step))).toEqual(["same", "object", "second"]);
			expect(await town.find(steps(A, { not_did: "B", same: "id" }))).toEqual(["other", "missing", "second"]);
			expect(await town.find(steps(A, { not_did: "B", same: "id", within: "1h" }))).toEqual([
				"other",
				"missing",
				"second",
			]);
		});
	});

	describe("whose events", () => {
		it("those of a shared device go to whoever had it then, with traits and all", async () => {
			const town = createTown();
			const device = `${made}-device`;
			await town.add("first", { claims: { userId: `town${made}`, anonymousId: device }, ago: 900 });
			const [first, second] = [`${device}-u1`, `${device}-u2`];
			const send = (sent: Sent, userId?: string): AcceptedEvent => {
				made += 1;
				const timestamp = now - (sent.ago ?? 0) * hour;
				const base = {
					source: "server",
					trust: "server",
					messageId: `d${made}`,
					timestamp,
					receivedAt: timestamp,
				} as const;
				const claims = { anonymousId: device, ...(userId === undefined ? {} : { userId }) };
				if (sent.traits) return { ...base, type: "identify", traits: sent.traits, claims, payload: "{}" };
				return { ...base, type: "track", name: sent.name ?? "A", claims, payload: "{}" };
			};
			await temp.store.ingest([
				send({ ago: 9, name: "Login" }, first),
				send({ ago: 8, name: "Seen by first" }),
				send({ ago: 8, traits: { nick: "one" } }),
				send({ ago: 7, name: "Login" }, second),
				send({ ago: 6, name: "Seen by second" }),
				send({ ago: 6, traits: { nick: "two" } }),
			]);
			const who = async (filter: Filter) => {
				const { data } = await temp.store.searchProfiles({ filter, now, limit: 10 });
				return data.map(({ identifiers }) => identifiers[0]?.value);
			};
			expect(await who({ did: "Seen by first" })).toEqual([first]);
			expect(await who({ did: "Seen by second" })).toEqual([second]);
			expect(await who({ trait: "nick", eq: "one" })).toEqual([first]);
			expect(await who({ sequence: [{ did: "Login" }, { did: "Seen by second" }] })).toEqual([second]);
			expect(await who({ sequence: [{ did: "Seen by first" }, { did: "Seen by second" }] })).toEqual([]);
		});

		it("a search sees what was committed before it, merges and deletions included", async () => {
			const town = createTown();
			const by = { actor: "test", reason: "a test", at: now };
			await town.add("a", { name: "A", ago: 3 });
			await town.add("b", { name: "B", ago: 2 });
			const both: Filter = { all: [{ did: "A" }, { did: "B" }] };
			expect(await town.find(both)).toEqual([]);
			const { data } = await temp.store.searchProfiles({ filter: { did: "B" }, now, limit: 1_000 });
			const b = data
				.flatMap(({ identifiers }) => identifiers.map(({ value }) => value))
				.find((v) => v.endsWith("-b")) as string;
			await temp.store.correct({ kind: "merge", userId: b, otherUserId: b.replace(/b$/, "a") }, by);
			const find = async () => (await temp.store.searchProfiles({ filter: both, now, limit: 1_000 })).data.length;
			const merged = await find();
			expect(merged).toBeGreaterThan(0);
			await temp.store.deleteProfile({ type: "user_id", value: b }, { suppress: false, dryRun: false }, by);
			expect(await find()).toBe(merged - 1);
		});
	});

	describe("pages", () => {
		it("hold everybody once, while others come and go", async () => {
			const town = createTown();
			for (let index = 0; index < 20; index++) await town.add(`p${index}`, { name: "Paged", ago: 1 });
			const filter: Filter = { did: "Paged", within: "2h" };
			const seen: string[] = [];
			let cursor: string | undefined;
			let pages = 0;
			do {
				// As time goes by, the pages of one search go on from the moment of its first.
				const at = now + pages * hour;
				const { data, page } = await temp.store.searchProfiles({
					filter,
					now: at,
					limit: 3,
					...(cursor ? { cursor } : {}),
				});
				seen.push(...data.map(({ identifiers }) => identifiers[0]?.value as string));
				cursor = page.next ?? undefined;
				pages += 1;
				await town.add(`late${pages}`, { name: "Paged", ago: 1 });
				expect(page.hasMore).toBe(page.next !== null);
			} while (cursor);
			expect(new Set(seen).size).toBe(seen.length);
			const early = seen.filter((value) => /-p\d+$/.test(value));
			expect(early).toHaveLength(20);
		});

		it("refuses the cursor of another filter", async () => {
			const { page } = await temp.store.searchProfiles({ filter: { all: [] }, now, limit: 1 });
			const cursor = page.next as string;
			await expect(temp.store.searchProfiles({ filter: { any: [] }, now, limit: 1, cursor })).rejects.toThrow(
				InvalidCursorError,
			);
			await expect(temp.store.searchProfiles({ filter: { all: [] }, now, limit: 1, cursor: "x" })).rejects.toThrow(
				InvalidCursorError,
			);
			const next = await temp.store.searchProfiles({ filter: { all: [] }, now, limit: 1, cursor });
			expect(next.data).toHaveLength(1);
		});
	});

	it("stops a search when its time is over, and answers the next one", async () => {
		const town = createTown();
		for (let index = 0; index < 3; index++) {
			const many = Array.from({ length: 2_000 }, (_, at): Sent => ({ name: "Much", ago: at / 100 }));
			await town.add(`busy${index}`, ...many);
		}
		const filter: Filter = { sequence: [{ did: "*" }, { did: "*" }, { did: "*" }] };
		await expect(temp.store.searchProfiles({ filter, now, limit: 1, timeLimit: 0 })).rejects.toThrow(
			FilterTooCostlyError,
		);
		expect(await town.find({ did: "Much", count: { eq: 2_000 } })).toEqual(["busy0", "busy1", "busy2"]);
	});

	it("is not kept from closing by searches under way", async () => {
		const own = await openTempStore(defaultIdentityConfig, kind);
		const { store } = own;
		const event = (at: number): AcceptedEvent => ({
			...{
				source: "server",
				trust: "server",
				type: "track",
				name: "A",
				payload: "{}",
				claims: { userId: `u${at % 50}` },
			},
			...{ messageId: `m${at}`, timestamp: now + at, receivedAt: now + at },
		});
		for (let at = 0; at < 5; at++) {
			await store.ingest(Array.from({ length: 4_000 }, (_, index) => event(at * 4_000 + index)));
		}
		const costly = (index: number): Filter => ({
			sequence: [{ did: "*", within: `${9_000_000 + index}s` }, { did: "*" }, { did: "*", within: "1h" }, { did: "*" }],
		});
		const searches = Array.from({ length: 90 }, (_, index) =>
			store.searchProfiles({ filter: costly(index), now: now + index, limit: 1, timeLimit: 600_000 }),
		);
		const settled = Promise.allSettled(searches);
		await searches[0];
		await own.remove();
		const ends = (await settled).map(({ status }) => status);
		expect(ends.filter((status) => status === "rejected").length).toBeGreaterThan(60);
	});

	it("explains which events decided", async () => {
		const town = createTown();
		const trait = (value: string, ago: number, messageId: string): Sent => ({
			traits: { plan: value },
			ago,
			messageId,
		});
		await town.add(
			"ann",
			trait("free", 9, "w1"),
			trait("pro", 8, "w2"),
			{ name: "Cart", ago: 5, messageId: "e1" },
			{ name: "Order", ago: 4, messageId: "e2" },
		);
		const people = await temp.store.searchProfiles({ filter: { trait: "plan", eq: "pro" }, now, limit: 10 });
		const ref = { id: people.data[0]?.id as string };
		const why = await temp.store.explainFilter(
			ref,
			{
				all: [
					{ trait: "plan", eq: "pro" },
					{ not: { did: "Order", count: { gte: 2 } } },
					{
						any: [{ sequence: [{ did: "Cart" }, { not_did: "Order", within: "2h" }] }, { did: "Order", within: "1h" }],
					},
					{ sequence: [{ did: "Cart" }, { did: "Order" }] },
					{ trait: "nothing", exists: false },
				],
			},
			now,
		);
		const ids = (reason: { events?: { messageId: string; step?: number }[] } | undefined) =>
			reason?.events?.map(({ messageId, step }) => (step === undefined ? messageId : `${messageId}@${step}`));
		expect(why?.matches).toBe(false);
		expect(why?.now).toBe(new Date(now).toISOString());
		const [plan, notTwice, either, sequence, nothing] = why?.because.conditions ?? [];
		expect([plan?.path, plan?.result, plan?.value, ids(plan)]).toEqual(["filter.all[0]", true, "pro", ["w2"]]);
		expect([notTwice?.result, notTwice?.conditions?.[0]?.actual, ids(notTwice?.conditions?.[0])]).toEqual([
			true,
			1,
			["e2"],
		]);
		expect(either?.result).toBe(false);
		expect([either?.conditions?.[0]?.path, ids(either?.conditions?.[0])]).toEqual([
			"filter.all[2].any[0]",
			["e1@0", "e2@1"],
		]);
		expect(either?.conditions?.[1]).toEqual({ path: "filter.all[2].any[1]", result: false, actual: 0, events: [] });
		expect([sequence?.result, ids(sequence)]).toEqual([true, ["e1@0", "e2@1"]]);
		expect(nothing).toEqual({ path: "filter.all[4]", result: true, trait: "nothing" });
		expect(await temp.store.explainFilter({ type: "user_id", value: "nobody at all" }, { all: [] }, now)).toBeNull();
	});
}
