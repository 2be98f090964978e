import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { configs } from "./configs.ts";
import { type PlayOptions, playStream } from "./playStream.ts";
import { readPages } from "./readStore.ts";
import { streams } from "./streams.ts";
import { openTempStore, type TempStore } from "./tempStore.ts";

/** `SELFSAME_SEED=n` repeats a run; `SELFSAME_TEST_SCALE=10` plays ten times as many streams. */
const seed = Number(process.env.SELFSAME_SEED ?? Date.now() % 2 ** 31);
const scale = Number(process.env.SELFSAME_TEST_SCALE ?? 1);
const numRuns = Math.ceil((2_000 * scale) / Object.keys(configs).length);
console.info(`identity property test: SELFSAME_SEED=${seed}, ${numRuns} streams for each of the configurations`);

const orders: PlayOptions["order"][] = ["given", "reversed", "shuffled"];

describe.each(Object.entries(configs))("same events, same profiles: %s", (_, config) => {
	let temp: TempStore;
	let instance = 0;
	const profiles = new Set<string>();
	beforeAll(async () => {
		temp = await openTempStore(config);
	});
	afterAll(() => temp?.remove());

	it("answers as the reference does, in any order and any batches", { timeout: 120_000 * Math.max(1, scale) }, async () => {
		const property = fc.asyncProperty(streams, async (stream) => {
			for (const order of orders) {
				instance += 1;
				if (instance % 50 === 0) await temp.reopen();
				const options: PlayOptions = { config, instance, order, compareEachStep: order === "given" };
				for (const id of await playStream(temp.store, stream, options)) profiles.add(id);
			}
		});
		await fc.assert(property, { seed, numRuns });
		const listed = await readPages((cursor) => temp.store.listProfiles({ limit: 1_000, ...cursor }));
		expect(new Set(listed.map(({ id }) => id)), "the list holds what the refs find, and nothing else").toEqual(
			profiles,
		);
		expect(listed).toHaveLength(profiles.size);
	});
});
