import { fileURLToPath } from "node:url";
import type { Filter } from "@selfsame/protocol";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readPostgresUrl } from "../src/postgres/readUrl.ts";
import { createSearcher as createPostgresSearcher } from "../src/postgres/search/createSearcher.ts";
import { compileFilter } from "../src/sql/search/compileFilter.ts";
import { createSearcher as createSqliteSearcher } from "../src/sqlite/search/createSearcher.ts";
import { configs } from "./configs.ts";
import { databaseOfRun } from "./databaseOfRun.ts";
import { bags, filters } from "./search/filters.ts";
import { epoch, playInto, readPeople, whoMatches } from "./search/playSearch.ts";
import { streams } from "./streams.ts";
import { openTempStore, type TempStore } from "./tempStore.ts";

/** Ways to get the SQL wrong, each as what it does to the text. */
const mutants: Record<string, (sql: string) => string> = {
	"null is neither true nor false": (sql) => sql.replaceAll(" IS TRUE", ""),
	"whoever has no event is never found": (sql) => sql.replaceAll(/\(NOT (?!\()/g, "("),
	"a window ends before its last instant": (sql) => sql.replaceAll("e.ts <= :", "e.ts < :"),
	"a window begins after its first instant": (sql) => sql.replaceAll("e.ts >= :", "e.ts > :"),
	"`not_did` does not wait for its end": (sql) =>
		sql.replaceAll(/ts \+ :p\d+(::bigint)? < :p\d+(::bigint)? AND NOT/g, "TRUE AND NOT"),
	"a step may be late by an instant": (sql) => sql.replaceAll(">= ts - :", ">= ts - 1000 - :"),
	"two missing values are the same": (sql) => sql.replaceAll(/v\d+ IS NOT NULL/g, "TRUE"),
	"a past owner's later events count": (sql) =>
		sql.replaceAll(/AND e\.ts <= s\.to_ts|AND \(e\.ts, e\.message_id, e\.source\) < \([^)]*\)/g, ""),
};

/** PostgreSQL's JSON knows these apart by itself, and what it sorts by nothing may come in the right order by chance. */
const sqliteMutants: typeof mutants = {
	"events of one instant have no order": (sql) => sql.replaceAll("ts, message_id, source", "ts"),
	"dates are compared as texts": (sql) => sql.replaceAll("selfsame_iso_date(", "("),
	"objects are compared as texts": (sql) => sql.replaceAll("selfsame_canonical(", "("),
	"true is 1": (sql) => sql.replaceAll(/(\S+) = '(true|false)'/g, "$1 IN ('$2', 'integer')"),
	"a text is a number": (sql) => sql.replaceAll("IN ('integer', 'real')", "<> ''"),
};

/** How many filters a mutant may survive: fewer than two runs of the property test ask. */
const mostSurvived = databaseOfRun === "postgres" ? 300 : 1_000;
const seed = 11;
const now = epoch + 21_000;
const [config] = Object.values(configs) as [(typeof configs)[string]];

const asked = fc.sample(filters, { numRuns: mostSurvived, seed });
let temp: TempStore;
let expected: string[][];

beforeAll(async () => {
	temp = await openTempStore(config);
	const worn = fc.sample(bags, { numRuns: 40, seed });
	for (const [instance, stream] of fc.sample(streams, { numRuns: 25, seed }).entries()) {
		await playInto(temp.store, stream, worn, instance);
	}
	const people = await readPeople(temp.store);
	expected = asked.map((filter) => whoMatches(filter, people, now));
});
afterAll(() => temp?.remove());

/** The first filter that a searcher answers otherwise than the plain evaluator; -1: none. */
async function findDifference(mutate: (sql: string) => string): Promise<number> {
	const compile: typeof compileFilter = (filter, setting) => {
		const tableOf: typeof setting.tableOf = (query) => setting.tableOf({ ...query, sql: mutate(query.sql) });
		const compiled = compileFilter(filter, { ...setting, tableOf });
		return { ...compiled, where: mutate(compiled.where) };
	};
	const searcher = openSearcher({ compile, sliceRows: 50 });
	const differs = async (filter: Filter, index: number) => {
		try {
			const { data } = await searcher.searchProfiles({ filter, now, limit: 1_000 });
			return JSON.stringify(data.map(({ id }) => id)) !== JSON.stringify(expected[index]);
		} catch {
			// What is no SQL any more shows too.
			return true;
		}
	};
	try {
		for (const [index, filter] of asked.entries()) if (await differs(filter, index)) return index;
		return -1;
	} finally {
		await searcher.close();
	}
}

function openSearcher(options: Parameters<typeof createSqliteSearcher>[2]) {
	return databaseOfRun === "postgres"
		? createPostgresSearcher(readPostgresUrl(temp.url), config, options)
		: createSqliteSearcher(fileURLToPath(temp.url), config, options);
}

describe("random filters on random people catch a compiler for which", () => {
	it.each(Object.entries(databaseOfRun === "sqlite" ? { ...mutants, ...sqliteMutants } : mutants))(
		"%s",
		async (_, mutate) => {
			expect(await findDifference(mutate), `survived ${mostSurvived} filters`).toBeGreaterThanOrEqual(0);
		},
	);
});

it("and find nothing wrong with the true one", async () => {
	expect(await findDifference((sql) => sql)).toBe(-1);
	const sizes = expected.map(({ length }) => length);
	const some = sizes.filter((size) => size > 0 && size < Math.max(...sizes));
	// A third or so, of filters from a random seed.
	expect(some.length, "many filters tell people apart").toBeGreaterThan(asked.length / 4);
});
