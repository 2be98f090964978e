import { type ProfileQuery, verifyStore } from "@selfsame/store";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { configs } from "./configs.ts";
import { databaseOfRun } from "./databaseOfRun.ts";
import { type PlayOptions, playStream } from "./playStream.ts";
import { readPages } from "./readStore.ts";
import { streams } from "./streams.ts";
import { openTempStore } from "./tempStore.ts";

/** `SELFSAME_SEED=n` repeats a run; `SELFSAME_TEST_SCALE=10` plays ten times as many streams. */
const seed = Number(process.env.SELFSAME_SEED ?? Date.now() % 2 ** 31);
const scale = Number(process.env.SELFSAME_TEST_SCALE ?? 1);
/** Every statement of a stream is a round trip to PostgreSQL, so a stream takes ten times as long there. */
const streamsOfRun = databaseOfRun === "sqlite" ? 2_000 : 200;
const numRuns = Math.ceil((streamsOfRun * scale) / Object.keys(configs).length);
console.info(`identity property test: SELFSAME_SEED=${seed}, ${numRuns} streams for each of the configurations`);

/** Each plays streams of its own. */
const cases = Object.entries(configs).map(([name, config], index) => ({ name, config, index }));
/** Each stream is played as it was made, which is in no order, and in one of these. */
const orders: PlayOptions["order"][] = ["shuffled", "reversed", "in time", "mixed"];
/** Opening a database takes long, so it is done now and then. */
const runsUntilReopen = 200;
/** ms. */
const shrinkFor = 20_000;
/** Long enough for a busy machine to shrink a failure; a passing run takes a fraction. */
const timeout = 600_000 * Math.max(1, scale);

/**
 * The property test over half of the configurations, the even or the odd ones: a file each, so that two of vitest's
 * workers share the load.
 */
export function playConfigs(half: "even" | "odd"): void {
	const mine = cases.filter(({ index }) => (index % 2 === 0) === (half === "even"));
	describe("same events, same profiles, in any order and any batches:", () => {
		it.concurrent.each(mine)("$name", { timeout }, async ({ config, index }) => {
			const temp = await openTempStore(config, databaseOfRun, { manyCommits: true });
			const profiles = new Set<string>();
			let instance = 0;
			const property = fc.asyncProperty(streams, async (stream) => {
				for (const order of ["given", orders[stream.seed % orders.length] ?? "shuffled"] as const) {
					instance += 1;
					if (instance % runsUntilReopen === 0) await temp.reopen();
					for (const id of await playStream(temp.store, stream, { config, instance, order })) profiles.add(id);
				}
			});
			const { failed, counterexamplePath, errorInstance } = await fc.check(property, {
				seed: seed + index,
				numRuns,
				endOnFailure: true,
			});
			// Once more from where it failed, to make the story short; but not for as long as that may take.
			const path = counterexamplePath ?? "";
			if (failed) await fc.assert(property, { seed: seed + index, path, interruptAfterTimeLimit: shrinkFor });
			// A failure that depends on who came first may not show again.
			if (failed) throw errorInstance;
			const list = (filter: Pick<ProfileQuery, "identifierType" | "seenAfter">) =>
				readPages((cursor) => temp.store.listProfiles({ limit: 1_000, ...filter, ...cursor }));
			const listed = await list({});
			expect(listed.map(({ id }) => id).sort(), "the list holds what refs find, and nothing else").toEqual(
				[...profiles].sort(),
			);
			for (const type of Object.keys(config.identifiers)) {
				const holders = listed.filter(({ identifiers }) => identifiers.some((one) => one.type === type));
				expect(await list({ identifierType: type }), `those who hold a ${type}`).toEqual(holders);
			}
			const since = Date.UTC(2025, 0, 1) + 20;
			const late = listed.filter(({ lastSeen }) => Date.parse(lastSeen as string) >= since);
			expect(await list({ seenAfter: since }), "those who were seen late").toEqual(late);
			const report = await verifyStore(temp.url, { identity: config }, () => {});
			expect(report.differences, "verify rebuilds the same from the events alone").toEqual([]);
			await temp.remove();
		});
	});
}
