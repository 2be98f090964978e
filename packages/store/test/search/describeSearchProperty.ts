import type { Filter } from "@selfsame/protocol";
import { filterSchema } from "@selfsame/protocol/schema";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { configs } from "../configs.ts";
import type { DatabaseKind } from "../databaseOfRun.ts";
import { streams } from "../streams.ts";
import { openTempStore } from "../tempStore.ts";
import { bags, filters } from "./filters.ts";
import type { Person } from "./plainFilter.ts";
import { epoch, playInto, readPeople, search, whoMatches } from "./playSearch.ts";

/** `SELFSAME_SEED=n` repeats a run; `SELFSAME_TEST_SCALE=10` asks ten times as much. */
const seed = Number(process.env.SELFSAME_SEED ?? Date.now() % 2 ** 31);
const scale = Number(process.env.SELFSAME_TEST_SCALE ?? 1);
/** Long enough for a busy machine to shrink a failure; a passing run takes a fraction. */
const timeout = 300_000 * Math.max(1, scale);

/** Identity of every sort: contested devices, aliases, corrections, deletions. */
const chosen = ["two emails", "shared after two users", "all, two each, shared after two"] as const;

/** @param runs workspaces for each of the configurations, at scale 1. */
export function describeSearchProperty(kind: DatabaseKind, runs: number): void {
	const numRuns = Math.ceil(runs * scale);
	console.info(`search property test on ${kind}: SELFSAME_SEED=${seed}, ${numRuns} workspaces for each configuration`);

	describe("a search, an explanation and a plain evaluator agree", () => {
		it.each(chosen)("%s", { timeout }, async (name) => {
			const asked = fc.record({
				streams: fc.array(streams, { minLength: 1, maxLength: 3 }),
				bags: fc.array(bags, { minLength: 6, maxLength: 12 }),
				filters: fc.array(filters, { minLength: 15, maxLength: 15 }),
				now: fc.integer({ min: 0, max: 40 }).map((seconds) => epoch + seconds * 1_000),
			});
			await fc.assert(
				fc.asyncProperty(asked, async ({ streams: lives, bags: worn, filters: all, now }) => {
					const temp = await openTempStore(configs[name] as (typeof configs)[string], kind);
					try {
						const { store } = temp;
						const agree = async (filter: Filter, people: readonly Person[]) => {
							const expected = whoMatches(filter, people, now);
							const found = await search(store, filter, now);
							expect(
								found.map(({ id }) => id),
								`search ${JSON.stringify(filter)}`,
							).toEqual(expected);
							return expected;
						};
						let asked = 0;
						for (const [instance, stream] of lives.entries()) {
							// One searcher all along, so that what it keeps from the search before is there to be out of date.
							await playInto(store, stream, worn, instance, async () => {
								await agree(all[asked++ % all.length] as Filter, await readPeople(store));
							});
						}
						const people = await readPeople(store);
						for (const filter of all) {
							expect(filterSchema.parse(filter)).toEqual(filter);
							const expected = await agree(filter, people);
							for (const { profile } of people) {
								const why = await store.explainFilter({ id: profile.id }, filter, now);
								expect(why?.matches, `explain ${profile.id}: ${JSON.stringify(filter)}`).toBe(
									expected.includes(profile.id),
								);
							}
						}
					} finally {
						await temp.remove();
					}
				}),
				{ numRuns, seed },
			);
		});
	});
}
