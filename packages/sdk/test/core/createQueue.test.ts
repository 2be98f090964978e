import fc from "fast-check";
import { expect, test } from "vitest";
import { MAX_AGE, MAX_BYTES, MAX_EVENTS } from "../../src/core/createQueue.ts";
import { createWorld, type Fault } from "./world.ts";

/** A small generator with a seed of fast-check's: a failure prints it, and repeats with it. */
function seeded(seed: number) {
	let state = seed >>> 0;
	return () => {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		return state / 2 ** 32;
	};
}

const runs = { numRuns: 60 * Number(process.env.SELFSAME_TEST_SCALE ?? 1) };
const events = (items: Map<string, string>) => [...items.keys()].filter((key) => key.length === 36);

const step = fc.oneof(
	{
		weight: 8,
		arbitrary: fc.record({ do: fc.constant("track" as const), page: fc.nat(3), count: fc.integer({ min: 1, max: 8 }) }),
	},
	{
		weight: 5,
		arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.constantFrom(0, 100, 600, 3_000, 60_000) }),
	},
	{
		weight: 2,
		arbitrary: fc.record({ do: fc.constantFrom("open" as const, "leave" as const, "kill" as const), page: fc.nat(3) }),
	},
	{ weight: 1, arbitrary: fc.record({ do: fc.constantFrom("flush" as const, "hide" as const), page: fc.nat(3) }) },
	{
		weight: 2,
		arbitrary: fc.record({
			do: fc.constant("network" as const),
			mode: fc.constantFrom("good", "lossy", "busy", "small", "offline"),
		}),
	},
	{
		weight: 1,
		arbitrary: fc.record({
			do: fc.constant("storage" as const),
			mode: fc.constantFrom("good", "flaky", "forbidden", "emptied"),
		}),
	},
	{
		weight: 1,
		arbitrary: fc.record({ do: fc.constant("clock" as const), ms: fc.constantFrom(-86_400_000, 86_400_000, -3_000) }),
	},
);

test("whatever fails, an event arrives once or its loss is told", async () => {
	await fc.assert(
		fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), fc.integer(), async (steps, seed) => {
			const random = seeded(seed);
			const world = createWorld(random);
			const pages = [world.openPage(), world.openPage()];
			const closed: typeof pages = [];
			/** The store failed or was emptied: an event of a page that then closed may be lost. */
			const excused = new Set<string>();
			let storage = "good";
			const faults: Record<string, (texts: string[]) => Fault> = {
				lossy: () => (random() < 0.5 ? undefined : random() < 0.5 ? "lose" : { status: 0 }),
				busy: () =>
					random() < 0.3 ? undefined : { status: random() < 0.5 ? 429 : 503, wait: random() < 0.5 ? "2" : null },
				small: (texts) => (texts.length > 2 ? { status: 413 } : undefined),
			};
			world.storageFails = () => storage === "forbidden" || (storage === "flaky" && random() < 0.3);
			for (const one of steps) {
				const page = "page" in one ? pages[one.page % Math.max(pages.length, 1)] : undefined;
				if (one.do === "track" && page) {
					for (let i = 0; i < one.count; i++) {
						const id = page.track("x".repeat(Math.floor(random() * 500)));
						if (storage !== "good" || !world.items.has(id)) excused.add(id);
						if (random() < 0.05) world.refused.add(id);
					}
				} else if (one.do === "wait") await world.clock.advance(one.ms);
				else if (one.do === "open" && pages.length < 5) pages.push(world.openPage());
				else if ((one.do === "leave" || one.do === "kill") && page) {
					page[one.do]();
					closed.push(...pages.splice(pages.indexOf(page), 1));
				} else if (one.do === "flush" && page) page.queue.flush();
				else if (one.do === "hide" && page) page.queue.leave(false);
				else if (one.do === "network") {
					world.online = one.mode !== "offline";
					world.fault = faults[one.mode] ?? (() => undefined);
				} else if (one.do === "storage") {
					storage = one.mode;
					if (one.mode !== "good") for (const p of pages) for (const id of p.calls.keys()) excused.add(id);
					if (one.mode === "emptied") {
						for (const p of closed) for (const id of p.calls.keys()) excused.add(id);
						world.items.clear();
						storage = "good";
					}
				} else if (one.do === "clock") world.clock.shift(one.ms);
			}
			world.online = true;
			world.fault = () => undefined;
			storage = "good";
			pages.push(world.openPage());
			for (const page of pages) page.queue.flush();
			for (let i = 0; i < 8; i++) await world.clock.advance(900_000);

			for (const page of [...pages, ...closed]) {
				for (const [id, outcome] of page.calls) {
					const there = world.arrived.includes(id);
					const told = world.dropped.has(id);
					if (!(excused.has(id) && !page.isOpen())) expect(there || told, `${id} is lost`).toBe(true);
					if (told) expect(world.refused.has(id)).toBe(true);
					if (page.isOpen()) expect(outcome, `${id} has no answer`).toBeDefined();
					if (outcome?.status === "delivered" && !excused.has(id)) expect(there).toBe(true);
					if (outcome?.status === "dropped") expect(outcome.reason).toBe("invalid");
				}
			}
			expect(events(world.items)).toEqual([]);
		}),
		runs,
	);
});

test("one page: events arrive in the order of the calls, once, over any refusals", async () => {
	await fc.assert(
		fc.asyncProperty(
			fc.array(fc.integer({ min: 1, max: 150 }), { maxLength: 6 }),
			fc.integer(),
			async (bursts, seed) => {
				const random = seeded(seed);
				const world = createWorld(random);
				const page = world.openPage();
				world.fault = () =>
					random() < 0.5 ? { status: [0, 429, 503, 408][Math.floor(random() * 4)] as number } : undefined;
				const ids: string[] = [];
				for (const size of bursts) {
					for (let i = 0; i < size; i++) ids.push(page.track());
					await world.clock.advance(Math.floor(random() * 5_000));
				}
				world.fault = () => undefined;
				await world.clock.advance(1_300_000);
				expect(world.arrived).toEqual(ids);
			},
		),
		runs,
	);
});

test("the queue stays within its bounds: the oldest go first, and are told", async () => {
	const world = createWorld(seeded(1));
	world.online = false;
	const page = world.openPage();
	const ids = Array.from({ length: MAX_EVENTS + 300 }, () => page.track());
	await world.clock.advance(5_000);
	expect(events(world.items)).toEqual(ids.slice(300));
	expect([...world.dropped]).toEqual(ids.slice(0, 300).map((id) => [id, "overflow"]));
	expect(page.calls.get(ids[0] as string)).toEqual({ status: "dropped", reason: "overflow" });

	const large = Array.from({ length: 40 }, () => page.track("x".repeat(100_000)));
	await world.clock.advance(5_000);
	const bytes = events(world.items).reduce((sum, key) => sum + (world.items.get(key)?.length ?? 0), 0);
	expect(bytes).toBeLessThanOrEqual(MAX_BYTES);
	expect(events(world.items)).toEqual(large.slice(-events(world.items).length));
	expect(events(world.items).length).toBeGreaterThan(15);
});

test("an event that is too large for the collector, and one older than seven days, are dropped and told", async () => {
	const world = createWorld(seeded(2));
	world.online = false;
	const page = world.openPage();
	const large = page.track("x".repeat(140_000));
	const old = page.track();
	await world.clock.advance(1_000);
	page.kill();
	world.online = true;
	world.clock.shift(MAX_AGE + 1_000);
	world.openPage();
	await world.clock.advance(5_000);
	expect([...world.dropped]).toEqual([
		[large, "too_large"],
		[old, "expired"],
	]);
	expect(world.arrived).toEqual([]);
});

test("a page learns what another page's delivery came to, a refusal included", async () => {
	const world = createWorld(seeded(3));
	const [first, second] = [world.openPage(), world.openPage()];
	const good = first.track();
	const bad = first.track();
	world.refused.add(bad);
	await world.clock.advance(100);
	await Promise.all([second.queue.flush(), world.clock.advance(400)]);
	await world.clock.advance(2_000);
	expect(first.calls.get(good)).toEqual({ status: "delivered" });
	expect(first.calls.get(bad)).toEqual({ status: "dropped", reason: "invalid" });
	expect(world.sent).toBe(1);
});

test("after five failures in a row one single event probes the way; a success lets the others follow", async () => {
	const world = createWorld(seeded(4));
	const page = world.openPage();
	const sizes: number[] = [];
	world.fault = (texts) => {
		sizes.push(texts.length);
		return sizes.length <= 8 ? { status: 0 } : undefined;
	};
	for (let i = 0; i < 30; i++) page.track();
	await world.clock.advance(3_600_000);
	expect(sizes).toEqual([30, 30, 30, 30, 30, 1, 1, 1, 1, 29]);
});

test("pages wait together: the delay after a failure is everybody's", async () => {
	const world = createWorld(seeded(5));
	world.fault = () => ({ status: 503, wait: "600" });
	const pages = Array.from({ length: 10 }, world.openPage);
	for (const page of pages) page.track();
	await world.clock.advance(590_000);
	expect(world.sent).toBe(1);
	for (const page of pages) page.queue.flush();
	await world.clock.advance(1_000);
	expect(world.sent).toBe(1);
});

test("while paused nothing is written or sent; the end of the pause sends all of it", async () => {
	const world = createWorld(seeded(6));
	const page = world.openPage();
	page.queue.pause();
	const ids = Array.from({ length: 120 }, () => page.track());
	page.queue.leave(false);
	await page.queue.flush();
	await world.clock.advance(60_000);
	expect([world.items.size, world.sent]).toEqual([0, 0]);
	page.queue.resume();
	await world.clock.advance(5_000);
	expect(world.arrived).toEqual(ids);
});

test("a purge drops everything, on the device too", async () => {
	const world = createWorld(seeded(7));
	world.online = false;
	const page = world.openPage();
	const id = page.track();
	await world.clock.advance(1_000);
	page.queue.purge();
	world.online = true;
	await world.clock.advance(60_000);
	expect([world.items.size, world.sent]).toEqual([0, 0]);
	expect(page.calls.get(id)?.status).toBe("queued");
});
