import { fileURLToPath } from "node:url";
import type { Filter } from "@selfsame/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createOwnership } from "../src/sql/ownership.ts";
import { createProfileReader } from "../src/sql/profileReader.ts";
import type { SearchDialect } from "../src/sql/search/searchDialect.ts";
import { createSearchTables } from "../src/sql/search/searchTables.ts";
import { openReader } from "../src/sqlite/openDatabase.ts";
import { createRunWork } from "../src/sqlite/runWork.ts";
import { createKeptEvents } from "../src/sqlite/search/createKeptEvents.ts";
import { createSearcher } from "../src/sqlite/search/createSearcher.ts";
import { sqliteSearchDialect } from "../src/sqlite/search/sqliteSearchDialect.ts";
import { inTime } from "../src/sqlite/search/tick.ts";
import { configs } from "./configs.ts";
import { bags, filters } from "./search/filters.ts";
import { epoch, playInto, readPeople, whoMatches } from "./search/playSearch.ts";
import { streams } from "./streams.ts";
import { openTempStore } from "./tempStore.ts";

const { catchUp, traits } = sqliteSearchDialect;
if (!catchUp) throw new Error("SQLite's searches catch up with what was committed.");

/** Ways not to catch up with what was committed since the search before. */
const mutants: Record<string, Partial<SearchDialect>> = {
	"nothing is looked at again": { catchUp: { ...catchUp, isMore: "SELECT 1 LIMIT 0", touched: "SELECT 1 LIMIT 0" } },
	"corrections and deletions are taken for events": { catchUp: { ...catchUp, isMore: "SELECT 1 LIMIT 0" } },
	"nobody is followed beyond what an event names": {
		catchUp: {
			...catchUp,
			touched: catchUp.touched.replace(/UNION SELECT root FROM t .*(?=\) SELECT id FROM t)/s, ""),
		},
	},
	"traits are left out": { traits: { ...traits, refill: () => [] } },
	"what is kept of events stays as it was": { createKeptEvents: () => ({ ...createKeptEvents(), *catchUp() {} }) },
	"traits stay as they were": {
		catchUp: { ...catchUp, touched: "SELECT id FROM identifiers WHERE id > (SELECT max(id) FROM owned)" },
	},
};

/** `SELFSAME_SEED=n` repeats a run; `SELFSAME_TEST_SCALE=10` plays ten times as much. */
const seed = Number(process.env.SELFSAME_SEED ?? Date.now() % 2 ** 31);
const lives = Math.ceil(10 * Number(process.env.SELFSAME_TEST_SCALE ?? 1));
const now = epoch + 21_000;
const [config] = Object.values(configs) as [(typeof configs)[string]];
/** How many filters are asked after each commit. */
const atOnce = 4;
console.info(`catching up: SELFSAME_SEED=${seed}`);

/** The tables that searches work with, on a connection of their own, and what is in them. */
function openTables(file: string, identity: typeof config) {
	const database = openReader(file);
	database.pragma("query_only = OFF");
	database.function(inTime, () => 1);
	const ownership = createOwnership();
	const profiles = createProfileReader(identity, ownership);
	const run = createRunWork(database);
	const tables = createSearchTables({
		dialect: sqliteSearchDialect,
		config: identity,
		ownership,
		profiles,
		sliceRows: 100,
	});
	return {
		read() {
			run(tables.refresh());
			for (const key of ["plan", "city"]) tables.traitOf(key);
			run(tables.fill());
			const rows = (sql: string) => database.prepare(sql).raw().all();
			return {
				owned: rows("SELECT id, label FROM owned ORDER BY id"),
				stretches: rows("SELECT * FROM stretches ORDER BY identifier, from_ts, from_message, from_source"),
				people: rows("SELECT * FROM people ORDER BY label"),
			};
		},
		close: () => database.close(),
	};
}

describe("tables that caught up are those made anew", () => {
	it.each(Object.entries(configs))("%s", { timeout: 300_000 }, async (_, identity) => {
		const temp = await openTempStore(identity, "sqlite");
		const file = fileURLToPath(temp.url);
		const kept = openTables(file, identity);
		try {
			const worn = fc.sample(bags, { numRuns: 40, seed });
			for (const [instance, stream] of fc.sample(streams, { numRuns: lives, seed }).entries()) {
				await playInto(temp.store, stream, worn, instance, async () => {
					const anew = openTables(file, identity);
					expect(kept.read()).toEqual(anew.read());
					anew.close();
				});
			}
		} finally {
			kept.close();
			await temp.remove();
		}
	});
});

it("searches in between show a searcher that does not catch up, and none in the true one", async () => {
	const temp = await openTempStore(config, "sqlite");
	const open = (mutant: Partial<SearchDialect>) =>
		createSearcher(fileURLToPath(temp.url), config, { searchDialect: { ...sqliteSearchDialect, ...mutant } });
	// One of them has so little room that what it keeps comes and goes.
	const whole = [open({}), open({ createKeptEvents: () => createKeptEvents(3) })];
	const survivors = new Map(Object.entries(mutants).map(([name, mutant]) => [name, open(mutant)]));
	const asked = fc.sample(filters, { numRuns: 400, seed: 5 });
	let next = 0;
	type Searcher = ReturnType<typeof open>;
	const finds = (searcher: Searcher, filter: Filter): string[] =>
		searcher.searchProfiles({ filter, now, limit: 1_000 }).data.map(({ id }) => id);
	const differs = (searcher: Searcher, filter: Filter, expected: readonly string[]) => {
		try {
			return JSON.stringify(finds(searcher, filter)) !== JSON.stringify(expected);
		} catch {
			return true;
		}
	};

	const ask = async () => {
		const people = await readPeople(temp.store);
		for (let count = 0; count < atOnce; count++) {
			const filter = asked[next++ % asked.length] as Filter;
			const expected = whoMatches(filter, people, now);
			for (const searcher of whole) expect(finds(searcher, filter), JSON.stringify(filter)).toEqual(expected);
			for (const [name, searcher] of survivors) {
				if (!differs(searcher, filter, expected)) continue;
				searcher.close();
				survivors.delete(name);
			}
		}
	};

	try {
		const worn = fc.sample(bags, { numRuns: 40, seed: 5 });
		for (const [instance, stream] of fc.sample(streams, { numRuns: 12, seed: 5 }).entries()) {
			await playInto(temp.store, stream, worn, instance, ask);
		}
		expect([...survivors.keys()]).toEqual([]);
	} finally {
		for (const searcher of [...whole, ...survivors.values()]) searcher.close();
		await temp.remove();
	}
});
