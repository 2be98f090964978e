import type { IdentityConfig } from "@selfsame/identity";
import type { IngestResult } from "@selfsame/protocol";
import { openStore, profileIdOf, type Store, verifyStore } from "@selfsame/store";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { comparable } from "../comparable.ts";
import { configs } from "../configs.ts";
import { createRandom } from "../random.ts";
import { readStore } from "../readStore.ts";
import { createReference } from "../reference/createReference.ts";
import { shuffled } from "../scenarios.ts";
import { instantiate, knownGroups, knownIdentifiers, knownTraits, type Stream, streams } from "../streams.ts";
import { makeSchema, type TestSchema } from "./makeSchema.ts";
import { startWriters, type Writers } from "./writers.ts";

/** `SELFSAME_SEED=n` repeats the streams, though not who was first; `SELFSAME_TEST_SCALE=10` plays ten times as many. */
const seed = Number(process.env.SELFSAME_SEED ?? Date.now() % 2 ** 31);
const scale = Number(process.env.SELFSAME_TEST_SCALE ?? 1);
const names = ["users and devices", "shared after two users", "two emails", "all of one"];
const numRuns = Math.ceil((200 * scale) / names.length);
console.info(`many writers property test: SELFSAME_SEED=${seed}, ${numRuns} streams for each of the configurations`);

const processes = 4;
/** How many calls are under way at once, over all processes. */
const callsAtOnce = 32;

interface Place {
	schema: TestSchema;
	config: IdentityConfig;
	store: Store;
}

/** Past all that a stream's events are dated at, ms: a correction of evidence ahead reaches what was there when it came. */
const afterAllEvents = 1_000;

/** Everything that a stream sends, in whatever order it arrives: no deletion, whose place in the order matters. */
function callsOf(stream: Stream, instance: number) {
	const { steps } = instantiate(stream, instance);
	const events = steps.flatMap((step) => (step.kind === "events" ? step.events : []));
	const corrections = steps.flatMap((step) =>
		step.kind === "correct" && step.correction.kind !== "merge"
			? [{ correction: step.correction, at: step.at + afterAllEvents }]
			: [],
	);
	return { events, corrections };
}

/**
 * Few people, all of whose events are sent at once by several processes: shared devices, first sign-ins at the same time,
 * aliases both ways, the same message twice, corrections meanwhile. What comes out is what the events say, in whatever
 * order they were committed, and nobody's call fails.
 */
describe("same events, same profiles, however many collectors write at once:", () => {
	const places: Place[] = [];
	let writers: Writers;
	beforeAll(async () => {
		for (const name of names) {
			const schema = await makeSchema({ pool_size: `${callsAtOnce / processes}` });
			const config = configs[name] as IdentityConfig;
			places.push({ schema, config, store: await openStore(schema.url, { identity: config }) });
		}
		const stores = places.map(({ schema, config }) => ({ url: schema.url, identity: config }));
		writers = await startWriters(processes, stores);
	}, 120_000);
	afterAll(async () => {
		await writers?.stop();
		for (const { schema, store } of places) {
			await store.close();
			await schema.drop();
		}
	});

	/** Sends all of a stream at once, and compares. */
	async function play(place: number, stream: Stream, instance: number): Promise<void> {
		const { config, store } = places[place] as Place;
		const { events, corrections } = callsOf(stream, instance);
		const random = createRandom(stream.seed);
		const batches: (typeof events)[] = [];
		for (let rest = shuffled(events, random); rest.length > 0; ) {
			const size = 1 + Math.floor(random() ** 2 * Math.min(rest.length, 8));
			batches.push(rest.slice(0, size));
			rest = rest.slice(size);
		}
		const anyProcess = () => Math.floor(random() * processes);
		const calls = shuffled(
			[
				...batches.map((batch) => () => writers.call<IngestResult[]>(anyProcess(), place, "ingest", batch)),
				...corrections.map(({ correction, at }) => async () => {
					await writers.call(anyProcess(), place, "correct", correction, { actor: "test", reason: "a test", at });
					return [];
				}),
			],
			random,
		);
		const verdicts = (await Promise.all(calls.map((call) => call()))).flat();

		const reference = createReference(config, { idOf: profileIdOf });
		const expected = reference.receive(events).filter((verdict) => verdict === "accepted");
		for (const { correction, at } of corrections) reference.correct({ ...correction, at });
		expect(verdicts.filter(({ verdict }) => verdict === "accepted").length, "each message is accepted once").toBe(
			expected.length,
		);
		const questions = instantiate(
			{ identifiers: knownIdentifiers, groups: knownGroups, traits: knownTraits },
			instance,
		);
		const actual = await readStore(store, questions);
		expect(comparable(actual, config)).toEqual(comparable(reference.snapshot(), config));
	}

	const timeout = 300_000 * Math.max(1, scale);
	it.concurrent.each(names.map((name, place) => ({ name, place })))("$name", { timeout }, async ({ place }) => {
		// Two streams at a time for each of the configurations: some 32 calls are then under way at once.
		let instance = 0;
		const property = fc.asyncProperty(streams, streams, async (one, other) => {
			instance += 2;
			await Promise.all([play(place, one, instance - 1), play(place, other, instance)]);
		});
		await fc.assert(property, { seed: seed + place, numRuns: Math.ceil(numRuns / 2), endOnFailure: true });
		const { schema, config } = places[place] as Place;
		const { differences } = await verifyStore(schema.url, { identity: config }, () => {});
		expect(differences, "verify rebuilds the same from the events alone").toEqual([]);
	});
});
