import { defaultIdentityConfig } from "@selfsame/identity";
import type { AcceptedEvent, Identifier } from "@selfsame/protocol";
import { openStore, profileIdOf, rebuildStore, verifyStore } from "@selfsame/store";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { comparable } from "./comparable.ts";
import { configs } from "./configs.ts";
import { readStore } from "./readStore.ts";
import { createReference } from "./reference/createReference.ts";
import { instantiate, knownGroups, knownIdentifiers, knownTraits, type Stream, streams } from "./streams.ts";
import { openTempStore, type TempStore } from "./tempStore.ts";

const by = { actor: "test", reason: "a test", at: Date.UTC(2026, 0, 1) };
const putKeys = (temp: TempStore, id: string, writeKeys: string[]) =>
	temp.store.putSource({ id, name: id, trust: "client", options: {}, writeKeys });

/** `SELFSAME_SEED=n` repeats a run; `SELFSAME_TEST_SCALE=10` plays ten times as many streams. */
const seed = Number(process.env.SELFSAME_SEED ?? Date.now() % 2 ** 31);
const scale = Number(process.env.SELFSAME_TEST_SCALE ?? 1);
const numRuns = Math.ceil((360 * scale) / Object.keys(configs).length);
console.info(`purge property test: SELFSAME_SEED=${seed}, ${numRuns} streams for each of the configurations`);

/** Which messages came in with the abused key: any third of them, redeliveries like their first. */
const isSpam = ({ source, messageId }: AcceptedEvent, salt: number) =>
	[...`${source}${messageId.replace(/^s\d+-/, "")}${salt}`].reduce((sum, c) => (sum * 31 + c.charCodeAt(0)) % 997, 7) %
		3 ===
	0;

/** Plays a stream of which a part is spam, purges that, and asks for all that the rest alone would give. */
async function playPurge(temp: TempStore, stream: Stream, instance: number, config: (typeof configs)[string]) {
	const { steps } = instantiate(stream, instance);
	const [good, spam] = [`good-${instance}`, `spam-${instance}`];
	await putKeys(temp, `source-${instance}`, [good, spam]);
	const reference = createReference(config, { idOf: profileIdOf });
	const spamIds = new Set<string>();
	const receive = async (events: AcceptedEvent[]) => {
		const keyed = events.map((event) => ({ ...event, writeKey: isSpam(event, stream.seed) ? spam : good }));
		await temp.store.ingest(keyed);
		reference.receive(keyed.filter(({ writeKey }) => writeKey === good));
		for (const { source, messageId, writeKey } of keyed) if (writeKey === spam) spamIds.add(`${source}/${messageId}`);
	};
	const half = Math.ceil(steps.length / 2);
	for (const [index, step] of steps.entries()) {
		if (step.kind === "events") await receive(step.events);
		else if (step.kind === "correct") {
			// Past all that events are dated at: else it would reach as far as spam that is there when it is made.
			const at = step.at + 1_000;
			await temp.store.correct(step.correction, { ...by, at });
			reference.correct({ ...step.correction, at });
		}
		// What comes after a purge builds on what is left.
		if (index === half) await temp.store.purge({ key: spam, since: 0 }, { dryRun: false }, by);
	}
	const { events: counted } = await temp.store.purge({ key: spam, since: 0 }, { dryRun: true }, by);
	const { events: purged } = await temp.store.purge({ key: spam, since: 0 }, { dryRun: false }, by);
	expect(purged).toBe(counted);
	const questions = instantiate({ identifiers: knownIdentifiers, groups: knownGroups, traits: knownTraits }, instance);
	for (const asOf of [undefined, Date.UTC(2025, 0, 1) + 12]) {
		const at = asOf === undefined ? {} : { asOf };
		const expected = comparable(reference.snapshot(asOf), config);
		const actual = comparable(await readStore(temp.store, questions, at), config);
		expect(actual, `as of ${asOf}`).toEqual(asOf === undefined ? expected : { ...expected, groups: [] });
	}
	const again = [...spamIds].map((id) => id.split("/") as [string, string]);
	const results = await temp.store.ingest(
		again.map(([source, messageId]) => ({ ...trackEvent({}), source, messageId })),
	);
	expect(results.every(({ verdict }) => verdict === "duplicate")).toBe(true);
}

function trackEvent(fields: Partial<AcceptedEvent>): AcceptedEvent {
	return {
		source: "web",
		trust: "client",
		messageId: "m",
		type: "track",
		timestamp: 1,
		receivedAt: 1,
		claims: {},
		name: "E",
		payload: "{}",
		...fields,
	};
}

describe("a purge leaves what the other events alone would give:", () => {
	it.each(Object.entries(configs))("%s", { timeout: 600_000 * Math.max(1, scale) }, async (_, config) => {
		const temp = await openTempStore(config);
		let instance = 0;
		const property = fc.asyncProperty(streams, (stream) => playPurge(temp, stream, ++instance, config));
		await fc.assert(property, { seed, numRuns });
		const { differences } = await verifyStore(temp.url, { identity: config }, () => {});
		expect(differences).toEqual([]);
		await temp.remove();
	});
});

describe("purge", () => {
	let temp: TempStore;
	beforeEach(async () => {
		temp = await openTempStore(defaultIdentityConfig);
		await putKeys(temp, "web", ["key"]);
	});
	afterEach(() => temp.remove());
	const user = (value: string): Identifier => ({ type: "user_id", value });
	const counts = async () => {
		const { events, erased, unattributed, profiles } = await temp.store.stats();
		return { events, erased, unattributed, profiles };
	};
	const purge = (since: number, until?: number, key = "key") =>
		temp.store.purge({ key, since, ...(until === undefined ? {} : { until }) }, { dryRun: false }, by);

	it("keeps to the time the events came in, from the first instant to before the last", async () => {
		const sent = [10, 20, 30, 40].map((receivedAt) =>
			trackEvent({ messageId: `m${receivedAt}`, receivedAt, claims: { userId: `u${receivedAt}` }, writeKey: "key" }),
		);
		await temp.store.ingest([...sent, trackEvent({ messageId: "none", receivedAt: 25, writeKey: "key" })]);
		expect(await purge(20, 40)).toEqual({ events: 3 });
		expect(await counts()).toEqual({ events: 2, erased: 3, unattributed: 0, profiles: 2 });
		expect(await temp.store.findProfile(user("u20"))).toBeNull();
		expect(await temp.store.findProfile(user("u40"))).not.toBeNull();
	});

	it("leaves what came in with other keys, with none, and all of it where it only counts", async () => {
		await putKeys(temp, "app", ["other"]);
		await temp.store.ingest([
			trackEvent({ messageId: "1", claims: { userId: "u1" }, writeKey: "other" }),
			trackEvent({ messageId: "2", claims: { userId: "u1" } }),
			trackEvent({ messageId: "3", claims: { userId: "u1" }, writeKey: "key" }),
		]);
		expect(await temp.store.purge({ key: "key", since: 0 }, { dryRun: true }, by)).toEqual({ events: 1 });
		expect((await temp.store.findProfile(user("u1")))?.eventCount).toBe(3);
		expect(await purge(0, undefined, "nobody's")).toEqual({ events: 0 });
		expect(await purge(0)).toEqual({ events: 1 });
		expect((await temp.store.findProfile(user("u1")))?.eventCount).toBe(2);
	});

	it("still knows a key that was taken away, after a rebuild too", async () => {
		await temp.store.ingest([trackEvent({ claims: { userId: "u1" }, writeKey: "key" })]);
		await putKeys(temp, "web", ["new key"]);
		expect((await temp.store.listSources())[0]?.writeKeys).toEqual(["new key"]);
		await temp.store.close();
		const identity = { ...defaultIdentityConfig, blockedValues: ["demo"] };
		expect((await rebuildStore(temp.url, { identity }, () => {})).swapped).toBe(true);
		temp.store = await openStore(temp.url, { identity });
		expect(await purge(0)).toEqual({ events: 1 });
		expect(await temp.store.listProfiles({ limit: 10 })).toMatchObject({ data: [] });
	});

	it("is seen by a store that has the file open, whatever that remembers", async () => {
		await temp.store.ingest([
			trackEvent({ messageId: "1", claims: { userId: "victim", anonymousId: "device" }, writeKey: "key" }),
		]);
		const other = await openStore(temp.url, { identity: defaultIdentityConfig });
		await other.purge({ key: "key", since: 0 }, { dryRun: false }, by);
		await other.close();
		await temp.store.ingest([trackEvent({ messageId: "2", claims: { anonymousId: "device" } })]);
		const device = await temp.store.findProfile({ type: "anonymous_id", value: "device" });
		expect(device?.identifiers.map(({ type }) => type)).toEqual(["anonymous_id"]);
		await temp.store.ingest([trackEvent({ messageId: "3", claims: { userId: "owner", anonymousId: "device" } })]);
		expect((await temp.store.findProfile(user("owner")))?.eventCount).toBe(2);
		const { differences } = await verifyStore(temp.url, { identity: defaultIdentityConfig }, () => {});
		expect(differences).toEqual([]);
	});
});
