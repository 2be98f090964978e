import { fileURLToPath } from "node:url";
import type { AcceptedEvent, DidCondition } from "@selfsame/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openReader, type SqliteDatabase } from "../src/sqlite/openDatabase.ts";
import { createRunWork } from "../src/sqlite/runWork.ts";
import { createKeptEvents } from "../src/sqlite/search/createKeptEvents.ts";
import { inTime } from "../src/sqlite/search/tick.ts";
import { configs } from "./configs.ts";
import { openTempStore, type TempStore } from "./tempStore.ts";

const [config] = Object.values(configs) as [(typeof configs)[string]];
/** Of each name. A note takes some 200 bytes, so that the notes of one name take some 300 pages. */
const each = 5_000;
const names = ["Seen", "Ordered", "Left"];

let made = 0;
const event = (name: string): AcceptedEvent => {
	made += 1;
	return {
		...{ source: "web", trust: "server", messageId: `m${made}`, type: "track", name },
		...{ timestamp: made, receivedAt: made, claims: { userId: `u${made % 10}` } },
		payload: JSON.stringify({ properties: { price: made, note: `${made} `.repeat(200 / `${made} `.length) } }),
	};
};
const asks = (did: string, prop?: string): DidCondition => ({
	did,
	...(prop === undefined ? {} : { where: { prop, exists: true } }),
});

describe("what searches asked of events", () => {
	let temp: TempStore;
	let database: SqliteDatabase;
	beforeEach(async () => {
		temp = await openTempStore(config, "sqlite");
		for (const name of names) await temp.store.ingest(Array.from({ length: each }, () => event(name)));
		database = openReader(fileURLToPath(temp.url));
		database.pragma("query_only = OFF");
		database.function(inTime, () => 1);
	});
	afterEach(async () => {
		database.close();
		await temp.remove();
	});

	const open = (most?: number) => {
		const kept = createKeptEvents(most);
		const run = createRunWork(database);
		return {
			ask: (condition: DidCondition) => {
				run(kept.keep(condition));
				const found = kept.sourceOf(condition);
				return found && { rows: found.tables.map(count), isWhole: found.isWhole };
			},
			isKept: (condition: DidCondition) => kept.sourceOf(condition) !== null,
			catchUp: (seq: number) => run(kept.catchUp(seq)),
			drop: () => run(kept.drop()),
		};
	};
	const count = (table: string) => database.prepare(`SELECT count(*) FROM ${table}`).pluck().get();
	const tables = () => count("sqlite_temp_master WHERE name GLOB 'kept_*'");

	it("is kept when it is asked again, for all events of the name", () => {
		const { ask } = open();
		expect(ask(asks("Seen", "price"))).toBeNull();
		expect(ask(asks("Seen", "price"))).toEqual({ rows: [each], isWhole: true });
		const both = {
			did: "Seen",
			where: { all: [asks("Seen", "price"), asks("Seen", "note")].map(({ where }) => where) },
		};
		expect(ask(both as DidCondition)).toEqual({ rows: [each], isWhole: false });
		expect(ask(both as DidCondition)).toEqual({ rows: [each, each], isWhole: true });
	});

	it("spares looking for the events of a name when something else is asked of them", () => {
		const { ask } = open();
		expect(ask(asks("Seen", "price"))).toBeNull();
		expect(ask(asks("Seen", "note"))).toEqual({ rows: [each], isWhole: false });
		expect(ask(asks("Seen"))).toEqual({ rows: [each], isWhole: true });
		expect(ask(asks("Left"))).toBeNull();
		expect(tables()).toBe(1);
	});

	it("is added to when events come, and dropped on demand", async () => {
		const { ask, catchUp, drop } = open();
		ask(asks("Seen", "price"));
		ask(asks("Seen", "price"));
		const seq = database.prepare("SELECT max(seq) FROM events").pluck().get() as number;
		await temp.store.ingest([event("Seen"), event("Left"), event("Seen")]);
		catchUp(seq);
		expect(ask(asks("Seen", "price"))).toEqual({ rows: [each + 2], isWhole: true });
		drop();
		expect(tables()).toBe(0);
	});

	it("goes when there is no more room, what was not asked for longest first", () => {
		const { ask, isKept } = open(700);
		for (const name of names.slice(0, 2)) for (let time = 0; time < 2; time++) ask(asks(name, "note"));
		expect(names.map((name) => isKept(asks(name, "note")))).toEqual([true, true, false]);
		expect(isKept(asks("Seen", "note"))).toBe(true);
		for (let time = 0; time < 2; time++) ask(asks("Left", "note"));
		expect(names.map((name) => isKept(asks(name, "note")))).toEqual([true, false, true]);
		expect(tables()).toBe(2);
	});

	it("is left alone where it alone takes more than there is", () => {
		const { ask } = open(100);
		for (let time = 0; time < 3; time++) ask(asks("Seen", "note"));
		expect(ask(asks("Seen", "note"))).toEqual({ rows: [each], isWhole: false });
		expect(tables()).toBe(1);
		expect(database.pragma("temp.page_count", { simple: true })).toBeLessThan(1_000);
		ask(asks("Seen", "price"));
		expect(ask(asks("Seen", "price"))).toEqual({ rows: [each], isWhole: true });
	});
});
