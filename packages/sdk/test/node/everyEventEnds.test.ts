import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Delivery } from "../../src/core/index.ts";
import type { Answer } from "../../src/server/ports.ts";
import { createFakeClient, createFakeClock, type Sent, taken } from "./fakeRuntime.ts";

const scale = Number(process.env.SELFSAME_TEST_SCALE ?? 1);

/** Numbers from a seed, so that a failing run can be repeated. */
function randomFrom(seed: number): () => number {
	let state = seed >>> 0 || 1;
	return () => {
		state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
		return state / 2 ** 32;
	};
}

type Fault = "none" | "lost" | "answerLost" | "half" | 400 | 408 | 429 | 500 | 503;
const FAULTS: Fault[] = ["none", "lost", "answerLost", "half", 400, 408, 429, 500, 503];

interface Run {
	seed: number;
	faults: Fault[];
	faultRate: number;
	flushAt: number;
	maxQueueSize: number;
	overflow: "drop-oldest" | "drop-newest" | "wait";
	maxRetries: number;
	largest: number;
	latency: number;
	events: number;
	users: number;
	closeAt: number | undefined;
}

const runs = fc.record({
	seed: fc.integer({ min: 1, max: 2 ** 31 }),
	faults: fc.uniqueArray(fc.constantFrom(...FAULTS), { minLength: 1 }),
	faultRate: fc.double({ min: 0, max: 0.9, noNaN: true }),
	flushAt: fc.integer({ min: 1, max: 20 }),
	maxQueueSize: fc.constantFrom(3, 30, 100_000),
	overflow: fc.constantFrom("drop-oldest" as const, "drop-newest" as const, "wait" as const),
	maxRetries: fc.constantFrom(0, 2, Number.POSITIVE_INFINITY),
	largest: fc.constantFrom(1, 5, 1_000),
	latency: fc.integer({ min: 0, max: 400 }),
	events: fc.integer({ min: 1, max: 300 }),
	users: fc.integer({ min: 1, max: 40 }),
	closeAt: fc.option(fc.integer({ min: 0, max: 60_000 }), { nil: undefined }),
});

/** A collector that stores by message id and fails as it is told to. */
function createLossyCollector(run: Run, clock: ReturnType<typeof createFakeClock>, random: () => number) {
	const stored = new Map<string, Sent>();
	async function receive(batch: Sent[]): Promise<Answer> {
		await clock.sleep(Math.floor(random() * run.latency));
		const fault = random() < run.faultRate ? (run.faults[Math.floor(random() * run.faults.length)] as Fault) : "none";
		if (fault === "lost") return { status: 0, error: new Error("reset") };
		if (typeof fault === "number") return { status: fault, retryAfter: random() < 0.5 ? "1" : null };
		if (batch.length > run.largest) return { status: 413 };
		const rejected = batch.flatMap((event, index) => (event.bad ? [{ index, code: "invalid_event" }] : []));
		for (const event of batch) if (!event.bad && !stored.has(event.messageId)) stored.set(event.messageId, event);
		if (fault === "answerLost") return { status: 0, error: new Error("broke off") };
		const answer = taken(batch, rejected);
		return fault === "half" ? { ...answer, text: answer.text?.slice(0, 20) ?? "" } : answer;
	}
	return { stored, receive };
}

test("every event ends as exactly one of delivered or dropped, and what is delivered is stored", async () => {
	await fc.assert(
		fc.asyncProperty(runs, async (run) => {
			const random = randomFrom(run.seed);
			const clock = createFakeClock();
			const collector = createLossyCollector(run, clock, random);
			const client = createFakeClient(run, clock, collector.receive, random);
			const told = new Map<string, string[]>();
			for (const name of ["delivered", "dropped"] as const) {
				client.on(name, ({ messageId }) => told.set(messageId, [...(told.get(messageId) ?? []), name]));
			}
			const ended: Delivery[] = [];
			const ids = new Set<string>();
			let finished = false;
			const work = (async () => {
				for (let i = 0; i < run.events; i++) {
					const call = { userId: `u${i % run.users}`, event: "E", messageId: `m${i}`, bad: random() < 0.1, n: i };
					ids.add(call.messageId);
					void client.track(call).then((delivery) => ended.push(delivery));
					if (random() < 0.2) await clock.sleep(Math.floor(random() * 500));
				}
				if (run.closeAt !== undefined) {
					await clock.sleep(run.closeAt);
					await client.close({ timeout: 2_000 });
				} else {
					expect(await client.flush()).toEqual({ pending: 0 });
				}
			})();
			void work.finally(() => {
				finished = true;
			});
			await clock.runUntil(() => finished && ended.length === run.events);
			await work;

			expect(ended.map((it) => it.messageId).sort()).toEqual([...ids].sort());
			expect(client.size).toBe(0);
			for (const { messageId, status, reason } of ended) {
				expect(told.get(messageId)).toEqual([status]);
				if (status === "delivered") expect(collector.stored.has(messageId)).toBe(true);
				else expect(reason).toMatch(/^(overflow|closed|too_large|network|invalid_event|http_\d+)$/);
			}
			expectOrder([...collector.stored.values()], "userId");
		}),
		{ numRuns: Math.round(150 * scale) },
	);
});

/** Every person's events were stored in the order they were called. */
function expectOrder(stored: Sent[], key: string): void {
	const last = new Map<unknown, number>();
	for (const event of stored) {
		expect(event.n as number).toBeGreaterThan(last.get(event[key]) ?? -1);
		last.set(event[key], event.n as number);
	}
}
