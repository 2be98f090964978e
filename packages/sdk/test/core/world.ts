import { createMessageId } from "../../src/core/createMessageId.ts";
import { type Answer, createQueue, type Outcome, type Queue, type QueueStore } from "../../src/core/createQueue.ts";

/** A clock that moves only when told, and runs what is due in order. */
function createClock(start = 1_750_000_000_000) {
	let time = start;
	let timers: { at: number; work: () => void }[] = [];
	/** Lets every promise that can go on go on. */
	const settle = () => new Promise<void>((done) => setImmediate(done));
	return {
		now: () => time,
		timer(work: () => void, ms: number) {
			const timer = { at: time + ms, work };
			timers.push(timer);
			return () => {
				timers = timers.filter((other) => other !== timer);
			};
		},
		/** The device's clock is set: timers keep their distance. */
		shift(ms: number) {
			time += ms;
			for (const timer of timers) timer.at += ms;
		},
		async advance(ms: number) {
			const end = time + ms;
			await settle();
			for (;;) {
				const next = timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
				if (!next) break;
				timers.splice(timers.indexOf(next), 1);
				time = Math.max(time, next.at);
				next.work();
				await settle();
			}
			time = end;
		},
	};
}

export type Fault = Answer | "lose" | undefined;

/**
 * A site with pages that share a store and a lock, before a collector behind a lossy network. Randomness comes in, so
 * that a run can be repeated.
 */
export function createWorld(random: () => number) {
	const clock = createClock();
	const items = new Map<string, string>();
	/** What the collector stored, in the order of first arrival. */
	const arrived: string[] = [];
	const dropped = new Map<string, string>();
	const world = {
		clock,
		items,
		arrived,
		dropped,
		/** Asked at every request. */
		fault: (_texts: string[]): Fault => undefined,
		/** Ids that the collector refuses one by one. */
		refused: new Set<string>(),
		online: true,
		storageFails: (): boolean => false,
		sent: 0,
		openPage,
	};
	let tail: Promise<unknown> = Promise.resolve();

	const store = (): QueueStore => {
		const may = <T>(work: () => T): T => {
			if (world.storageFails()) throw new Error("storage forbidden");
			return work();
		};
		return {
			keys: () => may(() => [...items.keys()]),
			get: (key) => may(() => items.get(key) ?? null),
			set: (key, value) => may(() => void items.set(key, value)),
			remove: (key) => may(() => void items.delete(key)),
		};
	};

	function receive(texts: string[]): Answer {
		world.sent++;
		const fault = world.fault(texts);
		if (fault && fault !== "lose") return fault;
		const ids = texts.map((text) => JSON.parse(text).id as string);
		for (const id of ids) if (!world.refused.has(id) && !arrived.includes(id)) arrived.push(id);
		if (fault === "lose") return { status: 0 };
		const rejected = ids.flatMap((id, index) => (world.refused.has(id) ? [{ index, code: "invalid" }] : []));
		return { status: 200, rejected };
	}

	function openPage() {
		let open = true;
		let end = () => {};
		const closed = new Promise<void>((done) => {
			end = done;
		});
		const own = store();
		/** A closed page does nothing any more. */
		const alive = <T>(work: () => T): T => {
			if (!open) throw new Error("closed");
			return work();
		};
		const newId = createMessageId({
			now: clock.now,
			randomBytes: (length) => Uint8Array.from({ length }, () => Math.floor(random() * 256)),
		});
		const queue: Queue = createQueue({
			store: {
				keys: () => alive(own.keys),
				get: (key) => alive(() => own.get(key)),
				set: (key, value) => alive(() => own.set(key, value)),
				remove: (key) => alive(() => own.remove(key)),
			},
			async send(texts, _leaving) {
				if (!open) return new Promise(() => {});
				// The request takes its way, and may outlive its page; its answer does not.
				await new Promise<void>((done) => void clock.timer(done, Math.floor(random() * 300)));
				const answer = receive(texts);
				return open ? answer : new Promise(() => {});
			},
			room: () => 20_000,
			lock(work) {
				const turn = tail.then(() => (open ? Promise.race([work(), closed]) : undefined));
				tail = turn.catch(() => {});
				return turn;
			},
			timer: (work, ms) => clock.timer(() => open && work(), ms),
			online: () => world.online,
			now: clock.now,
			random,
			onDrop: (text, reason) => void dropped.set(JSON.parse(text).id, reason),
			interval: 500,
			flushAt: 20,
		});
		const page = {
			queue,
			/** What was called here, and what became of it so far. */
			calls: new Map<string, Outcome | undefined>(),
			track(filler = "") {
				const id = newId();
				page.calls.set(id, undefined);
				queue.enqueue(id, JSON.stringify({ id, filler })).then((outcome) => page.calls.set(id, outcome));
				return id;
			},
			isOpen: () => open,
			/** As the browser does when the user goes on: `pagehide`, then nothing. */
			leave() {
				queue.leave(true);
				open = false;
				end();
			},
			/** Without a word. */
			kill() {
				open = false;
				end();
			},
		};
		return page;
	}

	return world;
}
