import {
	arrivalOrders,
	createRandom,
	expectedOutcome,
	identifiersNamed,
	isOperation,
	makeDatabase,
	type Outcome,
	type Scenario,
	scenariosByConfig,
	sorted,
	withPrefix,
} from "@selfsame/store/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createCollector, listen, parseConfig } from "../src/index.ts";
import { checkedFetch } from "./checkedFetch.ts";

type Counts = Pick<Outcome, "erasedEvents" | "suppressedEvents" | "unattributedEvents">;
type Step = Scenario["events"][number];
type Pair = [type: string, value: string];
type Listed = {
	id: string;
	identifiers: Identified[];
	pastIdentifiers: Identified[];
	traits: never;
	eventCount: number;
};
type Identified = { type: string; value: string };

/** A collector on a database of its own, with the system's clock until the test turns it. */
async function startCollector(config: Scenario["config"]) {
	const database = await makeDatabase();
	let time: number | null = null;
	const collector = await createCollector({
		databaseUrl: database.url,
		config: parseConfig(config ?? {}),
		keys: { writeKey: "test-write-key", apiKey: "test-api-key" },
		now: () => time ?? Date.now(),
	});
	const server = await listen(collector, { port: 0, host: "127.0.0.1" });

	async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
		const key = path === "/v1/batch" ? "test-write-key" : "test-api-key";
		const response = await checkedFetch(server.url + path, {
			method,
			headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
			...(body === undefined ? {} : { body: JSON.stringify(body) }),
		});
		if (response.status === 404) return null as T;
		const text = await response.text();
		expect(response.status, `${method} ${path}: ${text}`).toBe(200);
		return JSON.parse(text);
	}

	return {
		call,
		/** ms; null for the system's clock. */
		setTime(ms: number | null) {
			time = ms;
		},
		async stop() {
			await server.stop();
			await collector.close();
			await database.drop();
		},
	};
}

type Running = Awaited<ReturnType<typeof startCollector>>;

const refOf = ([type, value]: Pair) => encodeURIComponent(`${type}:${value}`);

const groups = scenariosByConfig().map((group) => ({ group, config: JSON.stringify(group[0]?.config ?? {}) }));

describe.each(groups)("worked cases of the identity rule, over HTTP, with $config", ({ group }) => {
	let collector: Running;
	beforeAll(async () => {
		collector = await startCollector(group[0]?.config);
	});
	afterAll(() => collector?.stop());

	it.each(group)("$name: $why", async (scenario) => {
		const random = createRandom(1);
		for (const [index, events] of someOf(arrivalOrders(scenario.events, scenario.permutable, random)).entries()) {
			const own = withPrefix({ ...scenario, events }, `${scenario.name}-${index}-`);
			const before = await readCounts(collector);
			await play(collector, own.events, index === 0 ? () => 0 : random);
			await expectOutcome(collector, own, before);
		}
	});

	const corrected = group.filter(({ events }) => events.some(isOperation));
	it.for(corrected)("$name, by the system's clock", async (scenario) => {
		collector.setTime(null);
		const own = withPrefix(scenario, `${scenario.name}-now-`);
		const before = await readCounts(collector);
		const operations = own.events.filter(isOperation).map(({ timestamp }) => timestamp);
		for (const step of own.events) {
			if (isOperation(step)) await operate(collector, step);
			else {
				// What the story dates after a correction happens now; what it dates before happened long ago.
				const isLater = operations.some((timestamp) => timestamp < step.timestamp);
				const timestamp = isLater ? new Date().toISOString() : step.timestamp;
				await collector.call("POST", "/v1/batch", { batch: [{ ...step, timestamp }] });
			}
		}
		await expectOutcome(collector, own, before);
	});
});

/** Evenly drawn, the first among them: the store's own tests play all orders, these look at the way to it and back. */
function someOf<T>(orders: T[][]): T[][] {
	const most = 20 * Number(process.env.SELFSAME_TEST_SCALE ?? 1);
	const step = Math.ceil(orders.length / most);
	return orders.filter((_, index) => index % step === 0);
}

async function expectOutcome(collector: Running, scenario: Scenario, before: Counts): Promise<void> {
	const outcome = await readOutcome(collector, scenario, before);
	expect(outcome, JSON.stringify(scenario.events)).toEqual(expectedOutcome(scenario));
	for (const [a, b] of scenario.expect.notMerged ?? []) {
		const found = [a, b].map((pair) => collector.call<Listed | null>("GET", `/v1/profiles/${refOf(pair)}`));
		const [one, other] = await Promise.all(found);
		expect(one?.id).not.toBe(other?.id);
	}
}

/** Sends runs of events as batches of the size that `random` draws (zero: one by one), and makes the calls between. */
async function play(collector: Running, steps: readonly Step[], random: () => number): Promise<void> {
	let rest = steps;
	let latest = 0;
	while (rest.length > 0) {
		const until = rest.findIndex(isOperation);
		const size = until === 0 ? 1 : 1 + Math.floor(random() * (until === -1 ? rest.length : until));
		const taken = rest.slice(0, size);
		rest = rest.slice(size);
		// The clock stands where the story is, so that "before" and "after" a correction mean what the story says.
		latest = Math.max(latest, ...taken.map(({ timestamp }) => Date.parse(timestamp)));
		collector.setTime(latest);
		const [first] = taken;
		if (until === 0 && first !== undefined) await operate(collector, first);
		else {
			const answer = await collector.call<Record<string, unknown>>("POST", "/v1/batch", { batch: taken });
			expect(answer).toMatchObject({ success: true, rejected: [] });
		}
	}
}

async function operate({ call }: Running, step: Step): Promise<void> {
	if (!isOperation(step)) return;
	const reason = "a worked case";
	if (step.type === "$delete") {
		const path = `/v1/profiles/${refOf(["user_id", step.userId])}?suppress=${step.suppress ?? false}`;
		expect(await call("DELETE", path)).toMatchObject({ erasedEvents: expect.any(Number) });
	} else if (step.type === "$unmerge") {
		const { userId } = step;
		expect(await call("POST", `/v1/profiles/${refOf(["user_id", userId])}/unmerge`, { userId, reason })).not.toBeNull();
	} else {
		const [identifier, from] = [step.id, step.from].map(([type, value]) => ({ type, value }));
		const path = `/v1/profiles/${refOf(step.from)}/unlink`;
		expect(await call("POST", path, { identifier, from, reason })).not.toBeNull();
	}
}

async function readCounts({ call }: Running): Promise<Counts> {
	const stats = await call<Record<"erased" | "suppressed" | "unattributed", number>>("GET", "/v1/stats");
	const { erased, suppressed, unattributed } = stats;
	return { erasedEvents: erased, suppressedEvents: suppressed, unattributedEvents: unattributed };
}

/** What the events of one scenario left: the profiles they name, its groups, and what it added to the counts. */
async function readOutcome(collector: Running, scenario: Scenario, before: Counts): Promise<Outcome> {
	const { call } = collector;
	const identifiers = identifiersNamed(scenario);
	const none: { data: (Listed | null)[] } = { data: [] };
	const found =
		identifiers.length === 0 ? none : await call<typeof none>("POST", "/v1/profiles/lookup", { identifiers });
	const profiles = new Map(found.data.flatMap((profile) => (profile ? [[profile.id, profile] as const] : [])));
	const ids = (scenario.expect.groups ?? []).map(({ id }) => encodeURIComponent(id));
	const read = ids.map((id) => call<Outcome["groups"][number] | null>("GET", `/v1/groups/${id}`));
	const after = await readCounts(collector);
	const pairs = (all: readonly Identified[]): Pair[] => all.map(({ type, value }) => [type, value]);
	return sorted({
		profiles: [...profiles.values()].map(({ identifiers: held, pastIdentifiers, traits, eventCount }) => ({
			ids: pairs(held),
			pastIds: pairs(pastIdentifiers),
			traits,
			eventCount,
		})),
		groups: (await Promise.all(read)).flatMap((group) =>
			group === null ? [] : [{ id: group.id, traits: group.traits, memberCount: group.memberCount }],
		),
		erasedEvents: after.erasedEvents - before.erasedEvents,
		suppressedEvents: after.suppressedEvents - before.suppressedEvents,
		unattributedEvents: after.unattributedEvents - before.unattributedEvents,
	});
}
