import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
	arrivalOrders,
	createRandom,
	expectedOutcome,
	isOperation,
	type Outcome,
	type Scenario,
	scenarios,
	sorted,
} from "@selfsame/store/testing";
import { describe, expect, it } from "vitest";
import { createCollector, listen, parseConfig } from "../src/index.ts";

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
	const directory = mkdtempSync(join(tmpdir(), "selfsame-scenarios-"));
	let time: number | null = null;
	const collector = await createCollector({
		databaseUrl: `file:${join(directory, "selfsame.db")}`,
		config: parseConfig(config ?? {}),
		keys: { writeKey: "test-write-key", apiKey: "test-api-key" },
		now: () => time ?? Date.now(),
	});
	const server = await listen(collector.app, { port: 0, host: "127.0.0.1" });

	async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
		const key = path === "/v1/batch" ? "test-write-key" : "test-api-key";
		const response = await fetch(server.url + path, {
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
		setTime(ms: number) {
			time = ms;
		},
		async stop() {
			await server.stop();
			await collector.close();
			rmSync(directory, { recursive: true, force: true });
		},
	};
}

type Running = Awaited<ReturnType<typeof startCollector>>;

const refOf = ([type, value]: Pair) => encodeURIComponent(`${type}:${value}`);

describe("worked cases of the identity rule, over HTTP", () => {
	it.each(scenarios)("$name: $why", async (scenario) => {
		const random = createRandom(1);
		for (const [index, steps] of arrivalOrders(scenario.events, scenario.permutable, random).entries()) {
			const collector = await startCollector(scenario.config);
			try {
				await play(collector, steps, index === 0 ? () => 0 : random);
				await expectOutcome(collector, scenario, steps);
			} finally {
				await collector.stop();
			}
		}
	});
});

describe("corrections and deletions, by the system's clock", () => {
	it.each(scenarios.filter(({ events }) => events.some(isOperation)))("$name: $why", async (scenario) => {
		const collector = await startCollector(scenario.config);
		try {
			const operations = scenario.events.filter(isOperation).map(({ timestamp }) => timestamp);
			for (const step of scenario.events) {
				if (isOperation(step)) await operate(collector, step);
				else {
					// What the story dates after a correction happens now; what it dates before happened long ago.
					const isLater = operations.some((timestamp) => timestamp < step.timestamp);
					const timestamp = isLater ? new Date().toISOString() : step.timestamp;
					await collector.call("POST", "/v1/batch", { batch: [{ ...step, timestamp }] });
				}
			}
			await expectOutcome(collector, scenario, scenario.events);
		} finally {
			await collector.stop();
		}
	});
});

async function expectOutcome(collector: Running, scenario: Scenario, steps: readonly Step[]): Promise<void> {
	expect(await readOutcome(collector, scenario), JSON.stringify(steps)).toEqual(expectedOutcome(scenario));
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

async function readOutcome({ call }: Running, { expect: { groups = [] } }: Scenario): Promise<Outcome> {
	const profiles: Listed[] = [];
	for (let next: string | null = ""; next !== null; ) {
		type List = { data: Listed[]; page: { next: string | null } };
		const cursor: string = next === "" ? "" : `&cursor=${encodeURIComponent(next)}`;
		const list: List = await call<List>("GET", `/v1/profiles?limit=2${cursor}`);
		profiles.push(...list.data);
		next = list.page.next;
	}
	const stats = await call<Record<"erased" | "suppressed" | "unattributed", number>>("GET", "/v1/stats");
	const read = groups.map(({ id }) => call<Outcome["groups"][number] | null>("GET", `/v1/groups/${id}`));
	const pairs = (all: readonly Identified[]): Pair[] => all.map(({ type, value }) => [type, value]);
	return sorted({
		profiles: profiles.map(({ identifiers, pastIdentifiers, traits, eventCount }) => ({
			ids: pairs(identifiers),
			pastIds: pairs(pastIdentifiers),
			traits,
			eventCount,
		})),
		groups: (await Promise.all(read)).flatMap((group) =>
			group === null ? [] : [{ id: group.id, traits: group.traits, memberCount: group.memberCount }],
		),
		erasedEvents: stats.erased,
		suppressedEvents: stats.suppressed,
		unattributedEvents: stats.unattributed,
	});
}
