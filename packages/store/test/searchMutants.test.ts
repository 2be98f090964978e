import { fileURLToPath } from "node:url";
import type { Filter } from "@selfsame/protocol";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compileFilter } from "../src/sql/search/compileFilter.ts";
import { createSearcher } from "../src/sqlite/search/createSearcher.ts";
import { configs } from "./configs.ts";
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
	"events of one instant have no order": (sql) => sql.replaceAll("ts, message_id, source", "ts"),
	"`not_did` does not wait for its end": (sql) => sql.replaceAll(/ts \+ :p\d+ < :p\d+ AND NOT/g, "1 AND NOT"),
	"a step may be late by an instant": (sql) => sql.replaceAll(">= ts - :", ">= ts - 1000 - :"),
	"two missing values are the same": (sql) => sql.replaceAll(/v\d+ IS NOT NULL/g, "1"),
	"dates are compared as texts": (sql) => sql.replaceAll("selfsame_iso_date(", "("),
	"objects are compared as texts": (sql) => sql.replaceAll("selfsame_canonical(", "("),
	"true is 1": (sql) => sql.replaceAll(/(\S+) = '(true|false)'/g, "$1 IN ('$2', 'integer')"),
	"a text is a number": (sql) => sql.replaceAll("IN ('integer', 'real')", "<> ''"),
	"a past owner's later events count": (sql) =>
		sql.replaceAll(/AND e\.ts <= s\.to_ts|AND \(e\.ts, e\.message_id, e\.source\) < \([^)]*\)/g, ""),
};

/** How many filters a mutant may survive: fewer than two runs of the property test ask. */
const mostSurvived = 1_000;
const seed = 11;
const now = epoch + 21_000;
const [config] = Object.values(configs) as [(typeof configs)[string]];

const asked = fc.sample(filters, { numRuns: mostSurvived, seed });
let temp: TempStore;
let expected: string[][];

beforeAll(async () => {
	temp = await openTempStore(config, "sqlite");
	const worn = fc.sample(bags, { numRuns: 40, seed });
	for (const [instance, stream] of fc.sample(streams, { numRuns: 25, seed }).entries()) {
		await playInto(temp.store, stream, worn, instance);
	}
	const people = await readPeople(temp.store);
	expected = asked.map((filter) => whoMatches(filter, people, now));
});
afterAll(() => temp?.remove());

/** The first filter that a searcher answers otherwise than the plain evaluator; -1: none. */
function findDifference(mutate: (sql: string) => string): number {
	const compile: typeof compileFilter = (filter, setting) => {
		const tableOf: typeof setting.tableOf = (query) => setting.tableOf({ ...query, sql: mutate(query.sql) });
		const { where, values } = compileFilter(filter, { ...setting, tableOf });
		return { where: mutate(where), values };
	};
	const searcher = createSearcher(fileURLToPath(temp.url), config, { compile, sliceRows: 50 });
	const differs = (filter: Filter, index: number) => {
		try {
			const { data } = searcher.searchProfiles({ filter, now, limit: 1_000 });
			return JSON.stringify(data.map(({ id }) => id)) !== JSON.stringify(expected[index]);
		} catch {
			// What is no SQL any more shows too.
			return true;
		}
	};
	try {
		return asked.findIndex(differs);
	} finally {
		searcher.close();
	}
}

describe("random filters on random people catch a compiler for which", () => {
	it.each(Object.entries(mutants))("%s", (_, mutate) => {
		expect(findDifference(mutate), `survived ${mostSurvived} filters`).toBeGreaterThanOrEqual(0);
	});
});

it("and find nothing wrong with the true one", () => {
	expect(findDifference((sql) => sql)).toBe(-1);
	const sizes = expected.map(({ length }) => length);
	const some = sizes.filter((size) => size > 0 && size < Math.max(...sizes));
	expect(some.length, "many filters tell people apart").toBeGreaterThan(asked.length / 3);
});
