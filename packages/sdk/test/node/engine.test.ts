import { describe, expect, test } from "vitest";
import type { Answer } from "../../src/server/ports.ts";
import { createFakeClient, createFakeClock, type Sent, taken } from "./fakeRuntime.ts";

const scale = Number(process.env.SELFSAME_TEST_SCALE ?? 1);
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A transport whose requests are answered by hand, in any order. */
function createHeldTransport() {
	const held: { batch: Sent[]; answer: (answer?: Answer) => void }[] = [];
	return {
		held,
		send: (batch: Sent[]) =>
			new Promise<Answer>((resolve) => held.push({ batch, answer: (answer = taken(batch)) => resolve(answer) })),
	};
}

describe("batches", () => {
	test("leave at flushAt events, the rest at flushInterval", async () => {
		const clock = createFakeClock();
		const sizes: number[] = [];
		const client = createFakeClient({ flushAt: 10, flushInterval: 1_000 }, clock, async (batch) => {
			sizes.push(batch.length);
			return taken(batch);
		});
		const before = clock.now();
		for (let i = 0; i < 25; i++) client.track({ userId: "u", event: "E" });
		await clock.runUntil(() => client.size === 0);
		expect(sizes).toEqual([10, 10, 5]);
		expect(clock.now() - before).toBe(1_000);
	});

	test("stay below 450 KB", async () => {
		const clock = createFakeClock();
		const lengths: number[] = [];
		const client = createFakeClient({}, clock, async (batch, request) => {
			lengths.push(request.body.length);
			return taken(batch);
		});
		for (let i = 0; i < 30; i++) client.track({ userId: "u", event: "E", properties: { text: "é".repeat(30_000) } });
		await clock.runUntil(() => client.size === 0);
		expect(Math.max(...lengths)).toBeLessThan(451_000);
		expect(lengths.length).toBe(5);
	});

	test("an event above 128 KiB is dropped at the call, with its reason", async () => {
		const client = createFakeClient({}, createFakeClock(), async (batch) => taken(batch));
		const delivery = await client.track({ userId: "u", event: "E", properties: { text: "é".repeat(66_000) } });
		expect(delivery).toMatchObject({ status: "dropped", reason: "too_large" });
	});

	test("awaiting a call does not wait for flushInterval", async () => {
		const clock = createFakeClock();
		const before = clock.now();
		const client = createFakeClient({ flushInterval: 1_000_000 }, clock, async (batch) => taken(batch));
		expect(await client.track({ userId: "u", event: "E" })).toMatchObject({ status: "delivered" });
		expect(clock.now()).toBe(before);
	});

	test("an event is serialised when it is called", async () => {
		const clock = createFakeClock();
		let seen: Sent[] = [];
		const client = createFakeClient({}, clock, async (batch) => {
			seen = batch;
			return taken(batch);
		});
		const properties = { n: 1 };
		client.track({ userId: "u", event: "E", properties });
		properties.n = 2;
		await client.flush();
		expect(seen[0]?.properties).toEqual({ n: 1 });
	});
});

describe("order per person", () => {
	test("a batch never overtakes an earlier one of the same person, others may", async () => {
		const clock = createFakeClock();
		const { held, send } = createHeldTransport();
		const client = createFakeClient({ flushAt: 5, flushInterval: 1_000_000 }, clock, send);
		// A long backlog, and answers that come in the opposite order of the requests.
		for (let i = 0; i < 2_000; i++) client.track({ userId: `u${i % 50}`, event: "E", properties: { i } });
		void client.flush();
		const last = new Map<string, number>();
		let widest = 0;
		for (let round = 0; round < 5_000 && client.size > 0; round++) {
			await settle();
			widest = Math.max(widest, held.length);
			const next = held.pop();
			for (const event of next?.batch ?? []) {
				const { i } = event.properties as { i: number };
				expect(i).toBeGreaterThan(last.get(event.userId) ?? -1);
				last.set(event.userId, i);
			}
			next?.answer();
		}
		expect(client.size).toBe(0);
		expect(widest).toBeGreaterThan(1);
	});
});

describe("the retry gate", () => {
	test("a 5 s outage sees at most 10 requests of a full queue, for any jitter", async () => {
		for (let seed = 0; seed < 40 * scale; seed++) {
			let state = seed;
			const random = () => {
				state = (Math.imul(state, 1103515245) + 12345) >>> 0;
				return state / 2 ** 32;
			};
			const clock = createFakeClock();
			const start = clock.now();
			let failed = 0;
			const send = async (batch: Sent[]): Promise<Answer> => {
				await clock.sleep(5);
				if (clock.now() - start > 5_000) return taken(batch);
				failed++;
				return { status: 503 };
			};
			const client = createFakeClient({ flushAt: 100 }, clock, send, random);
			for (let i = 0; i < 1_500; i++) client.track({ userId: `u${i}`, event: "E" });
			await clock.runUntil(() => client.size === 0);
			expect(failed).toBeLessThanOrEqual(10);
		}
	});

	test.each([
		["seconds", 429, "7"],
		["seconds", 503, "7"],
		["an HTTP date", 429, (now: number) => new Date(now + 7_000).toUTCString()],
	])("obeys Retry-After in %s on %i", async (_form, status, header) => {
		const clock = createFakeClock();
		const start = clock.now();
		const times: number[] = [];
		const client = createFakeClient({}, clock, async (batch) => {
			times.push(clock.now() - start);
			if (times.length > 1) return taken(batch);
			return { status, retryAfter: typeof header === "string" ? header : header(clock.now()) };
		});
		client.track({ userId: "u", event: "E" });
		void client.flush();
		await clock.runUntil(() => client.size === 0);
		expect(times).toEqual([0, 7_000]);
	});

	test("maxRetries ends an event with its reason", async () => {
		const clock = createFakeClock();
		let attempts = 0;
		const client = createFakeClient({ maxRetries: 2 }, clock, async () => {
			attempts++;
			return { status: 500 };
		});
		let end: unknown;
		void client.track({ userId: "u", event: "E" }).then((delivery) => {
			end = delivery;
		});
		await clock.runUntil(() => end !== undefined);
		expect(end).toMatchObject({ status: "dropped", reason: "http_500" });
		expect(attempts).toBe(3);
	});
});

describe("verdicts", () => {
	test("413 halves until it fits, in order", async () => {
		const clock = createFakeClock();
		const stored: number[] = [];
		const client = createFakeClient({}, clock, async (batch) => {
			if (batch.length > 3) return { status: 413 };
			stored.push(...batch.map((event) => (event.properties as { i: number }).i));
			return taken(batch);
		});
		for (let i = 0; i < 20; i++) client.track({ userId: "u", event: "E", properties: { i } });
		expect(await client.flush()).toEqual({ pending: 0 });
		expect(stored).toEqual(Array.from({ length: 20 }, (_, i) => i));
	});

	test("a rejected event is dropped with the collector's code, its neighbours are delivered", async () => {
		const client = createFakeClient({}, createFakeClock(), async (batch) =>
			taken(batch, [{ index: 1, code: "invalid_id" }]),
		);
		const dropped: unknown[] = [];
		client.on("dropped", (event) => dropped.push(event));
		const ends = await Promise.all(["a", "b", "c"].map((event) => client.track({ userId: "u", event })));
		expect(ends.map((it) => it.status)).toEqual(["delivered", "dropped", "delivered"]);
		expect(dropped).toMatchObject([{ reason: "invalid_id", messageId: ends[1]?.messageId, event: { event: "b" } }]);
	});

	test("a permanent status drops and says so", async () => {
		const client = createFakeClient({}, createFakeClock(), async () => ({ status: 401 }));
		const errors: Error[] = [];
		client.on("error", (error) => errors.push(error));
		expect(await client.track({ userId: "u", event: "E" })).toMatchObject({ status: "dropped", reason: "http_401" });
		expect(errors[0]?.message).toMatch(/write key/);
	});

	test("a listener that throws stops nothing", async () => {
		const client = createFakeClient({}, createFakeClock(), async (batch) => taken(batch));
		const errors: string[] = [];
		client.on("delivered", () => {
			throw new Error("mine");
		});
		client.on("error", (error) => errors.push(error.message));
		expect(await client.track({ userId: "u", event: "E" })).toMatchObject({ status: "delivered" });
		expect(errors).toEqual(["mine"]);
	});
});

describe("a full queue", () => {
	const fill = async (overflow: "drop-oldest" | "drop-newest" | "wait") => {
		const clock = createFakeClock();
		const stored: number[] = [];
		let isDown = true;
		const client = createFakeClient({ overflow, maxQueueSize: 100, flushAt: 10 }, clock, async (batch) => {
			if (isDown) return { status: 0 };
			stored.push(...batch.map((event) => (event.properties as { i: number }).i));
			return taken(batch);
		});
		const dropped: number[] = [];
		client.on("dropped", ({ event, reason }) => {
			expect(reason).toBe("overflow");
			dropped.push((event as unknown as Sent & { properties: { i: number } }).properties.i);
		});
		// The first batch fails before the rest is called.
		for (let i = 0; i < 10; i++) client.track({ userId: "u", event: "E", properties: { i } });
		await settle();
		for (let i = 10; i < 1_000; i++) client.track({ userId: "u", event: "E", properties: { i } });
		const size = client.size;
		isDown = false;
		await clock.runUntil(() => client.size === 0);
		return { stored, dropped, size };
	};
	const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

	test("drop-oldest keeps the latest and tells of every other", async () => {
		const { stored, dropped, size } = await fill("drop-oldest");
		expect(size).toBe(100);
		expect(stored).toEqual(numbers(900, 1_000));
		expect(dropped).toEqual(numbers(0, 900));
	});

	test("drop-newest keeps the earliest", async () => {
		const { stored, dropped } = await fill("drop-newest");
		expect(stored).toEqual(numbers(0, 100));
		expect(dropped).toEqual(numbers(100, 1_000));
	});

	test("wait loses nothing", async () => {
		const { stored, dropped } = await fill("wait");
		expect(stored).toEqual(numbers(0, 1_000));
		expect(dropped).toEqual([]);
	});

	test("drained() keeps a patient caller within the bounds", async () => {
		const clock = createFakeClock();
		let largest = 0;
		const client = createFakeClient({ overflow: "wait", maxQueueSize: 50 }, clock, async (batch) => {
			await clock.sleep(10);
			return taken(batch);
		});
		let delivered = 0;
		client.on("delivered", () => delivered++);
		const work = (async () => {
			for (let i = 0; i < 1_000; i++) {
				await client.drained();
				client.track({ userId: "u", event: "E" });
				largest = Math.max(largest, client.size);
			}
			await client.flush();
		})();
		await clock.runUntil(() => delivered === 1_000);
		await work;
		expect(largest).toBe(50);
	});

	test("maxQueueBytes bounds as well", () => {
		const client = createFakeClient({ maxQueueBytes: 10_000 }, createFakeClock(), () => new Promise(() => {}));
		for (let i = 0; i < 1_000; i++) client.track({ userId: "u", event: "E", properties: { text: "x".repeat(100) } });
		expect(client.size).toBeGreaterThan(20);
		expect(client.size).toBeLessThan(60);
	});
});

describe("flush", () => {
	test("50 overlapping flushes: none resolves before what was called before it", async () => {
		const clock = createFakeClock();
		const stored = new Set<string>();
		let fails = 5;
		const client = createFakeClient({ flushAt: 7 }, clock, async (batch) => {
			await clock.sleep(20);
			if (fails-- > 0) return { status: 503 };
			for (const { messageId } of batch) stored.add(messageId);
			return taken(batch);
		});
		const early: number[] = [];
		const flushes: Promise<void>[] = [];
		const called: string[] = [];
		for (let i = 0; i < 50; i++) {
			for (let j = 0; j < 9; j++) {
				const messageId = `m${i}-${j}`;
				called.push(messageId);
				client.track({ userId: `u${j}`, event: "E", messageId });
			}
			const mine = [...called];
			flushes.push(client.flush().then(() => void (mine.every((id) => stored.has(id)) || early.push(i))));
			if (i % 5 === 0) await settle();
		}
		await clock.runUntil(() => client.size === 0);
		await Promise.all(flushes);
		expect(early).toEqual([]);
	});

	test("timeout ends the wait and says what is pending", async () => {
		const clock = createFakeClock();
		const client = createFakeClient({}, clock, async () => ({ status: 503 }));
		client.track({ userId: "u", event: "E" });
		let result: unknown;
		void client.flush({ timeout: 300 }).then((it) => {
			result = it;
		});
		await clock.runUntil(() => result !== undefined);
		expect(result).toEqual({ pending: 1 });
		expect(clock.now()).toBe(Date.UTC(2026, 0, 1) + 300);
	});

	test("close drops what is left when its time is up, and later calls", async () => {
		const clock = createFakeClock();
		const client = createFakeClient({}, clock, async () => ({ status: 503 }));
		const first = client.track({ userId: "u", event: "E" });
		let result: unknown;
		void client.close({ timeout: 1_000 }).then((it) => {
			result = it;
		});
		await clock.runUntil(() => result !== undefined);
		expect(result).toEqual({ pending: 1 });
		expect(await first).toMatchObject({ status: "dropped", reason: "closed" });
		expect(await client.track({ userId: "u", event: "E" })).toMatchObject({ status: "dropped", reason: "closed" });
	});
});

describe("import", () => {
	const past = (count: number) =>
		Array.from({ length: count }, (_, i) => ({
			type: "track" as const,
			userId: `u${i % 9}`,
			event: "E",
			timestamp: new Date(Date.UTC(2020, 0, 1) + i * 1_000),
		}));

	test("sends past events with their own times, each once, however often it is run", async () => {
		const stored = new Map<string, Sent>();
		const client = createFakeClient({ flushAt: 50 }, createFakeClock(), async (batch) => {
			for (const event of batch) stored.set(event.messageId, event);
			return taken(batch);
		});
		const positions: number[] = [];
		const onProgress = ({ position }: { position: number }) => void positions.push(position);
		const result = await client.import(past(1_234), { onProgress });
		expect(result).toEqual({ read: 1_234, delivered: 1_234, dropped: 0, position: 1_234 });
		expect(positions).toEqual([500, 1_000, 1_234]);
		expect([...stored.values()][1]).toMatchObject({
			timestamp: "2020-01-01T00:00:01.000Z",
			originalTimestamp: "2026-01-01T00:00:00.000Z",
		});
		await client.import(past(1_234));
		expect(stored.size).toBe(1_234);
		expect(await client.import(past(1_234), { from: 1_000 })).toMatchObject({ delivered: 234, position: 1_234 });
		expect(stored.size).toBe(1_234);
	});

	test("keeps within a small queue", async () => {
		const client = createFakeClient({ maxQueueSize: 40 }, createFakeClock(), async (batch) => taken(batch));
		expect(await client.import(past(300))).toMatchObject({ delivered: 300, dropped: 0 });
	});

	test("an iterable that fails rejects, with the progress told so far", async () => {
		const client = createFakeClient({}, createFakeClock(), async (batch) => taken(batch));
		let position = 0;
		async function* broken() {
			yield* past(600);
			throw new Error("file ended");
		}
		const onProgress = (progress: { position: number }) => {
			position = progress.position;
		};
		const run = client.import(broken(), { onProgress });
		await expect(run).rejects.toThrow("file ended");
		expect(position).toBe(600);
	});

	test("an event without a time is a mistake, and named", async () => {
		const client = createFakeClient({}, createFakeClock(), async (batch) => taken(batch));
		const events = [{ type: "track", userId: "u", event: "E" }] as never;
		await expect(client.import(events)).rejects.toThrow("position 0 has no timestamp");
	});
});
