import type { IdentityConfig } from "@selfsame/identity";
import type { AcceptedEvent, Identifier } from "@selfsame/protocol";
import { profileIdOf, type Store } from "@selfsame/store";
import { expect } from "vitest";
import { comparable } from "./comparable.ts";
import { expectReasons } from "./expectReasons.ts";
import { createRandom } from "./random.ts";
import { type Questions, readStore } from "./readStore.ts";
import { createReference, type Reference } from "./reference/createReference.ts";
import { shuffled } from "./scenarios.ts";
import { instantiate, knownGroups, knownIdentifiers, knownTraits, type Stream, type StreamStep } from "./streams.ts";

export interface PlayOptions {
	config: IdentityConfig;
	/** Sets this run's values apart from all others in the database. */
	instance: number;
	order: "given" | "reversed" | "shuffled";
	/** Compare after every step, or only at the end. */
	compareEachStep: boolean;
}

const by = { actor: "test", reason: "a test" };

/**
 * Plays a stream into a store and into the reference, and fails at the first answer that differs. Answers with the ids
 * of the profiles it left.
 */
export async function playStream(store: Store, stream: Stream, options: PlayOptions): Promise<string[]> {
	const { config, instance, order } = options;
	const { steps } = instantiate(stream, instance);
	const questions: Questions = instantiate(
		{ identifiers: knownIdentifiers, groups: knownGroups, traits: knownTraits },
		instance,
	);
	const random = createRandom(stream.seed + instance);
	const reference = createReference(config, { idOf: profileIdOf });
	const before = await store.stats();
	const ids = new Set<string>();
	const compare = async (where: string) => {
		const expected = comparable(reference.snapshot(), config);
		expect(comparable(await readStore(store, questions), config), where).toEqual(expected);
		for (const { profile } of expected.profiles) ids.add(profile.id);
	};
	for (const [index, step] of steps.entries()) {
		if (step.kind === "events") await ingest(store, reference, arrange(step.events, order, random), random);
		else await operate(store, reference, step);
		if (options.compareEachStep) await compare(`after step ${index} (${step.kind})`);
	}
	await compare("at the end");
	const everything = steps.flatMap((step) => (step.kind === "events" ? step.events : []));
	await ingest(store, reference, everything, random);
	await compare("after everything was sent again");
	await compareStats(store, before, reference);
	await compareOldIds(store, questions, ids);
	const anyDeleted = steps.some(({ kind }) => kind === "delete");
	await expectReasons(store, reference.snapshot(), { anyDeleted });
	await compareTimeTravel(store, questions, reference, config, random);
	return reference.snapshot().profiles.map(({ profile }) => profile.id);
}

function arrange(events: readonly AcceptedEvent[], order: PlayOptions["order"], random: () => number): AcceptedEvent[] {
	if (order === "given") return [...events];
	return order === "reversed" ? [...events].reverse() : shuffled(events, random);
}

/** In batches of one to all, some of them sent without waiting for the one before. */
async function ingest(
	store: Store,
	reference: Reference,
	events: AcceptedEvent[],
	random: () => number,
): Promise<void> {
	let rest = events;
	while (rest.length > 0) {
		const size = 1 + Math.floor(random() ** 2 * rest.length);
		const half = random() < 0.2 ? Math.floor(size / 2) : size;
		const batches = [rest.slice(0, half), rest.slice(half, size)].filter((batch) => batch.length > 0);
		const verdicts = batches.flatMap((batch) => reference.receive(batch));
		const results = await Promise.all(batches.map((batch) => store.ingest(batch)));
		expect(
			results.flat().map(({ verdict }) => verdict),
			"verdicts",
		).toEqual(verdicts);
		rest = rest.slice(size);
	}
}

async function operate(
	store: Store,
	reference: Reference,
	step: Exclude<StreamStep, { kind: "events" }>,
): Promise<void> {
	const { at } = step;
	if (step.kind === "delete") {
		const expected = reference.deleteProfile(step.of, { at, suppress: step.suppress });
		for (const dryRun of [true, false]) {
			const receipt = await store.deleteProfile(step.of, { suppress: step.suppress, dryRun }, { ...by, at });
			const counts = receipt && { erasedEvents: receipt.erasedEvents, identifiers: receipt.identifiers };
			expect(counts, `deletion, dryRun ${dryRun}`).toEqual(expected);
		}
		return;
	}
	const { correction } = step;
	if (correction.kind === "merge" && !mayMerge(reference, [correction.userId, correction.otherUserId])) return;
	await store.correct(correction, { ...by, at });
	reference.correct({ ...correction, at });
}

/** The API merges people who are there. */
export function mayMerge(reference: Reference, users: readonly string[]): boolean {
	const { holders } = reference.snapshot();
	return new Set(users).size === 2 && users.every((user) => `user_id:${user}` in holders);
}

/** The database is shared, so only what this run added counts. */
async function compareStats(store: Store, before: Awaited<ReturnType<Store["stats"]>>, reference: Reference) {
	const after = await store.stats();
	const expected = reference.counts();
	const added = Object.fromEntries(
		Object.keys(expected).map((name) => [
			name,
			after[name as keyof typeof after] - before[name as keyof typeof before],
		]),
	);
	expect(added, "stats").toEqual(expected);
}

/** An id returned once resolves as the identifier does that it came from. */
async function compareOldIds(store: Store, { identifiers }: Questions, ids: ReadonlySet<string>): Promise<void> {
	const origin = new Map<string, Identifier>(identifiers.map((identifier) => [profileIdOf(identifier), identifier]));
	for (const id of ids) {
		const identifier = origin.get(id) as Identifier;
		const [byId, byIdentifier] = [await store.findProfile({ id }), await store.findProfile(identifier)];
		expect(byId?.id, `${id} of ${identifier.type}:${identifier.value}`).toEqual(byIdentifier?.id);
	}
}

async function compareTimeTravel(
	store: Store,
	questions: Questions,
	reference: Reference,
	config: IdentityConfig,
	random: () => number,
): Promise<void> {
	const times = reference.events().map(({ timestamp }) => timestamp);
	const some = shuffled(times, random).slice(0, 2);
	for (const asOf of some.flatMap((time) => (random() < 0.5 ? [time] : [time - 1]))) {
		const expected = { ...reference.snapshot(asOf), groups: [] };
		const actual = await readStore(store, questions, { asOf });
		expect(comparable(actual, config), `as of ${asOf}`).toEqual(comparable(expected, config));
	}
}
