import type { IdentityConfig } from "@selfsame/identity";
import type { AcceptedEvent, Identifier, IngestResult, Profile } from "@selfsame/protocol";
import { profileIdOf, type Store } from "@selfsame/store";
import { expect } from "vitest";
import { comparable, comparableProfile } from "./comparable.ts";
import { databaseOfRun } from "./databaseOfRun.ts";
import { expectReasons } from "./expectReasons.ts";
import { createRandom } from "./random.ts";
import { glanceAtStore, type Questions, readStore } from "./readStore.ts";
import { createReference, type Reference } from "./reference/createReference.ts";
import { evidenceOf } from "./reference/evidence.ts";
import { comparePositions } from "./reference/order.ts";
import { nameOf } from "./reference/toProfiles.ts";
import { shuffled } from "./scenarios.ts";
import { instantiate, knownGroups, knownIdentifiers, knownTraits, type Stream, type StreamStep } from "./streams.ts";

export interface PlayOptions {
	config: IdentityConfig;
	/** Sets this run's values apart from all others in the database. */
	instance: number;
	/** `mixed`: corrections come at any place among the events too, where none is a merge of who may not be there yet. */
	order: "given" | "reversed" | "shuffled" | "in time" | "mixed";
}

/** A stream's run: where it is played, what must come out, and what to ask about. */
interface Run extends PlayOptions {
	store: Store;
	reference: Reference;
	questions: Questions;
	random: () => number;
}

const by = { actor: "test", reason: "a test" };

/**
 * Plays a stream into a store and into the reference, and fails at the first answer that differs. Looks at the profiles
 * after one in seven steps of the given order, and at all that hangs on them at the end. Answers with the profiles' ids.
 */
export async function playStream(store: Store, stream: Stream, options: PlayOptions): Promise<string[]> {
	const { config, instance, order } = options;
	const random = createRandom(stream.seed + instance);
	const given = instantiate(stream, instance).steps;
	const steps = order === "mixed" ? mix(given, random) : given;
	const reference = createReference(config, { idOf: profileIdOf });
	const run: Run = { ...options, store, reference, questions: questionsAbout(steps, config, instance), random };
	const before = await store.stats();
	const ids = new Set<string>();
	for (const [index, step] of steps.entries()) {
		if (step.kind === "events") await ingest(run, arrange(step.events, order, random));
		else await operate(run, step);
		if (order === "given" && random() < 0.15) await glance(run, `after step ${index} (${step.kind})`);
		for (const { profile } of reference.snapshot().profiles) ids.add(profile.id);
	}
	const expected = reference.snapshot();
	// What hangs on equal profiles seldom differs by order alone, and reading it takes most of the time.
	if (order !== "given") await glance(run, "at the end");
	else {
		const actual = await readStore(store, run.questions);
		expect(comparable(actual, config), "at the end").toEqual(comparable(expected, config));
	}
	if (order === "shuffled") {
		await expectReasons(store, expected, { anyDeleted: steps.some(({ kind }) => kind === "delete") });
		await compareTimeTravel(run);
	}
	if (order === "given") {
		await ingest(
			run,
			steps.flatMap((step) => (step.kind === "events" ? step.events : [])),
		);
		// The verdicts said of each event that it was known: now and then a look at what that changed.
		if (random() < 0.3) await glance(run, "after everything was sent again");
		await compareOldIds(run, ids);
	}
	await compareStats(run, before);
	return expected.profiles.map(({ profile }) => profile.id);
}

/** Events one by one, with the corrections at any place among them. What a deletion takes depends on its place. */
function mix(steps: readonly StreamStep[], random: () => number): StreamStep[] {
	if (steps.some((step) => step.kind === "delete")) return [...steps];
	const events = steps.flatMap((step) => (step.kind === "events" ? step.events : []));
	const corrections = steps.filter((step) => step.kind === "correct" && step.correction.kind !== "merge");
	return shuffled(
		[...events.map((event): StreamStep => ({ kind: "events", events: [event] })), ...corrections],
		random,
	);
}

/** Asks about what the stream names, and about two identifiers that it may not have heard of. */
function questionsAbout(steps: readonly StreamStep[], config: IdentityConfig, instance: number): Questions {
	const { identifiers, ...rest } = instantiate(
		{ identifiers: knownIdentifiers, groups: knownGroups, traits: knownTraits },
		instance,
	);
	const events = steps.flatMap((step) => (step.kind === "events" ? step.events : []));
	const evidence = events.map((event) => evidenceOf(event, config));
	const named = new Set(evidence.flatMap((one) => one.identifiers).map(nameOf));
	const previous = new Set(evidence.map(({ previousId }) => previousId));
	const asked = identifiers.filter((one, index) => index < 2 || named.has(nameOf(one)) || previous.has(one.value));
	return { identifiers: asked, ...rest };
}

async function glance({ store, reference, questions, config }: Run, where: string): Promise<void> {
	const { holders, profiles } = reference.snapshot();
	const inOrder = (all: readonly Profile[]) =>
		Object.fromEntries(all.map((profile) => [profile.id, comparableProfile(profile, config)]));
	const seen = await glanceAtStore(store, questions);
	const expected = { holders, profiles: inOrder(profiles.map(({ profile }) => profile)) };
	expect({ holders: seen.holders, profiles: inOrder(Object.values(seen.profiles)) }, where).toEqual(expected);
}

function arrange(events: readonly AcceptedEvent[], order: PlayOptions["order"], random: () => number): AcceptedEvent[] {
	if (order === "given" || order === "mixed") return [...events];
	if (order === "in time") return [...events].sort(comparePositions);
	return order === "reversed" ? [...events].reverse() : shuffled(events, random);
}

/** In batches of one to all, some of them sent without waiting for the one before. */
async function ingest({ store, reference, random }: Run, events: AcceptedEvent[]): Promise<void> {
	let rest = events;
	while (rest.length > 0) {
		const size = 1 + Math.floor(random() ** 2 * rest.length);
		const half = random() < 0.2 ? Math.floor(size / 2) : size;
		const batches = [rest.slice(0, half), rest.slice(half, size)].filter((batch) => batch.length > 0);
		const verdicts = batches.flatMap((batch) => reference.receive(batch));
		const results = await ingestAll(store, batches);
		expect(
			results.map(({ verdict }) => verdict),
			"verdicts",
		).toEqual(verdicts);
		rest = rest.slice(size);
	}
}

/**
 * At once. But where two of them bring the same message, PostgreSQL takes whichever comes first, so that they are sent one
 * after the other.
 */
async function ingestAll(store: Store, batches: readonly AcceptedEvent[][]): Promise<IngestResult[]> {
	const names = batches.flatMap((batch) => [
		...new Set(batch.map(({ source, messageId }) => `${source}\n${messageId}`)),
	]);
	const isAnyTwice = new Set(names).size < names.length;
	if (databaseOfRun === "sqlite" || !isAnyTwice) {
		return (await Promise.all(batches.map((batch) => store.ingest(batch)))).flat();
	}
	const results: IngestResult[] = [];
	for (const batch of batches) results.push(...(await store.ingest(batch)));
	return results;
}

async function operate({ store, reference }: Run, step: Exclude<StreamStep, { kind: "events" }>): Promise<void> {
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
async function compareStats({ store, reference }: Run, before: Awaited<ReturnType<Store["stats"]>>): Promise<void> {
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

/**
 * An id returned once resolves as the identifier does that it came from; and so does the id of every identifier. That of a
 * `previousId` which turned out to be the other of a user and an anonymous id resolves as that one does.
 */
async function compareOldIds({ store, questions, reference }: Run, ids: ReadonlySet<string>): Promise<void> {
	const origin = new Map<string, Identifier>(questions.identifiers.map((one) => [profileIdOf(one), one]));
	expect(
		[...ids].filter((id) => !origin.has(id)),
		"ids that come from no identifier",
	).toEqual([]);
	const found: (string | undefined)[] = [];
	for (const id of origin.keys()) found.push((await store.findProfile({ id }))?.id);
	const expected = reference.holderOf([...origin.values()]);
	expect(found, "whom ids name").toEqual(expected);
}

async function compareTimeTravel({ store, questions, reference, config, random }: Run): Promise<void> {
	const [time] = shuffled(reference.events(), random);
	if (time === undefined) return;
	const asOf = time.timestamp - (random() < 0.5 ? 0 : 1);
	const expected = { ...reference.snapshot(asOf), groups: [] };
	const actual = await readStore(store, questions, { asOf });
	expect(comparable(actual, config), `as of ${asOf}`).toEqual(comparable(expected, config));
}
