import type { Delivery } from "./delivery.ts";
import { backoff, MAX_RETRY_AFTER, retryAfter, shouldRetry } from "./retry.ts";
import { safely } from "./safely.ts";

/** A synchronous store of the queue's own keys, shared by every page of the site. Every method may throw. */
export interface QueueStore {
	keys(): string[];
	get(key: string): string | null;
	set(key: string, value: string): void;
	remove(key: string): void;
}

/** What came back: the HTTP status (0: nothing did), `Retry-After`, and the collector's verdicts on single events. */
export interface Answer {
	status: number;
	wait?: string | null | undefined;
	rejected?: { index: number; code: string }[] | undefined;
}

export type Outcome = Omit<Delivery, "messageId">;

/** Everything the queue needs of its runtime. */
export interface QueuePorts {
	store: QueueStore;
	/** Posts events (JSON texts). `leaving`: the page is going away. A rejection counts as status 0. */
	send(texts: string[], leaving: boolean): Promise<Answer>;
	/** Bytes that may still be sent by requests that outlive the page. */
	room(): number;
	/** Runs work while no other page of the site runs it. */
	lock(work: () => Promise<void>): Promise<unknown>;
	/** Calls back after some ms; the result cancels it. */
	timer(work: () => void, ms: number): () => void;
	/** False only if sending is known to be hopeless. */
	online(): boolean;
	/** ms since 1970. */
	now(): number;
	/** In [0, 1). */
	random(): number;
	/** Told of every event that will never arrive, whichever page made it. */
	onDrop(text: string, reason: string): void;
	/** ms an event may wait for company. */
	interval: number;
	/** Events of this page that end the wait at once. */
	flushAt: number;
}

export interface Queue {
	/** Keeps an event under a key (a version 7 UUID: keys are the order) and says what became of it. Never rejects. */
	enqueue(key: string, text: string): Promise<Outcome>;
	/** Sends what is there now; resolves after the last verdict or the first failed attempt. */
	flush(): Promise<void>;
	/** Sends this page's events by requests that outlive it. `final`: what is under way will be cut off. */
	leave(final: boolean): void;
	/** Takes an event of this page back, if it is not under way. */
	cancel(key: string, reason: string): void;
	/** From now on: keep events in memory, write and send nothing. */
	pause(): void;
	/** Ends a pause: what was kept is stored and sent. */
	resume(): void;
	/** Pauses, and drops every event, of this page and of others. */
	purge(): void;
}

export const MAX_EVENTS = 2_000;
export const MAX_BYTES = 2_000_000;
export const MAX_AGE = 7 * 86_400_000;
/** The collector's limit, in UTF-16 units here: never more than its bytes. */
const MAX_EVENT = 131_072;
/** Above three bytes a unit of the largest event, so that every event fits a batch. */
const BATCH_BYTES = 500_000;
const BATCH_EVENTS = 100;
/**
 * A write costs some 30 µs, so of a burst within one task the first events are written in their call and the others when
 * the task ends (and those that overflowed by then never), in slices that keep every task short.
 */
const BURST = 50;
const SLICE = 300;
/** After so many failures in a row one single event probes the way, until it gets through. */
const BREAKER = 5;
/** ms after which a page that is said to be offline looks again. */
const OFFLINE = 60_000;
const STATE = "state";
const isKey = (key: string) => key.length === 36;
const encoder = new TextEncoder();

/**
 * The delivery queue. An event is stored when it is enqueued, and leaves the store by its key only after its verdict.
 * Pages share the store: whoever holds the lock sends everybody's events in the order of their keys, so the events of a
 * closed page are taken over, and a page learns what became of its own by looking at the store when its turn comes.
 * What the store does not take stays in memory, with the same semantics.
 */
export function createQueue(ports: QueuePorts): Queue {
	const { store, send, now } = ports;
	/** This page's events without a verdict. */
	const own = new Map<string, { text: string; stored: boolean; resolve(outcome: Outcome): void }>();
	/** Every known event and its length, oldest first. */
	let sizes = new Map<string, number>();
	let bytes = 0;
	let scanned = 0;
	/** What is under way, and whether its request outlives the page. */
	const flight = new Map<string, boolean>();
	/** Keys that are still to be written, and how many events this task brought. */
	const unwritten: string[] = [];
	let burst = 0;
	let limit = BATCH_EVENTS;
	let paused = false;
	let running: Promise<unknown> | undefined;
	let release = () => {};
	let wake: { at: number; cancel(): void } | undefined;
	/** Shared by all pages: which life of the store this is, failures in a row, not before, and whether a server said so. */
	let epoch = "";
	let failures = 0;
	let until = 0;
	let told = 0;

	const read = (key: string) => safely(() => store.get(key));
	const remove = (key: string) => safely(() => store.remove(key));
	const keys = () => safely(() => store.keys());
	function write(key: string, value: string): boolean {
		return !!safely(() => {
			if (!paused) store.set(key, value);
			return !paused;
		});
	}
	const textOf = (key: string) => own.get(key)?.text ?? read(key);

	/** Never claims this page's life for a store that was emptied meanwhile: the next look has to notice. */
	function saveState(count: number, notBefore: number, byServer: number): string {
		[failures, until, told] = [count, notBefore, byServer];
		const life = read(STATE)?.split(",")[0] || `${ports.random()}`;
		write(STATE, [life, failures, until, told].join());
		return life;
	}

	function persist(count = SLICE) {
		for (const key of unwritten.splice(0, count)) {
			const entry = own.get(key);
			if (entry && !entry.stored) entry.stored = write(key, entry.text);
		}
		if (unwritten.length) ports.timer(persist, 0);
	}

	/** Reads what other pages left. Says whether the store was emptied meanwhile, by the user or by the site. */
	function loadState(): boolean {
		const [life, ...rest] = read(STATE)?.split(",") ?? [];
		const same = !!life && life === epoch;
		if (life) [failures, until, told] = rest.map(Number) as [number, number, number];
		epoch = life || saveState(failures, until, told);
		return !same;
	}

	function settle(key: string, status: Delivery["status"], reason?: string) {
		own.get(key)?.resolve(reason ? { status, reason } : { status });
		own.delete(key);
		bytes -= sizes.get(key) ?? 0;
		sizes.delete(key);
		remove(key);
	}

	function drop(key: string, reason: string, text = textOf(key)) {
		// The page that made it finds the reason beside the place where its event was.
		if (!own.has(key)) write(`${key}!`, reason);
		settle(key, "dropped", reason);
		if (text) ports.onDrop(text, reason);
	}

	/** Brings `sizes` up to date with the store, and this page's events with what other pages did to them. */
	function scan() {
		scanned = now();
		const cleared = loadState();
		const listed = keys();
		const found = new Set(listed);
		for (const [key, entry] of own) {
			// Not in the list is not gone: a storage may have it and not list it.
			if (found.has(key) || (entry.stored && !cleared && read(key) != null)) found.add(key);
			else if (entry.stored && !cleared) {
				// What cannot be read now says nothing.
				const reason = listed && read(`${key}!`);
				if (reason) remove(`${key}!`);
				if (reason === undefined) found.add(key);
				else settle(key, reason ? "dropped" : "delivered", reason ?? undefined);
			} else {
				entry.stored = false;
				found.add(key);
				unwritten.push(key);
			}
		}
		persist();
		const known = sizes;
		sizes = new Map();
		bytes = 0;
		for (const key of [...found].sort()) {
			const stale = now() - Number.parseInt(key.slice(0, 8) + key.slice(9, 13), 16) > MAX_AGE;
			if (isKey(key)) {
				const length = known.get(key) ?? textOf(key)?.length ?? 0;
				sizes.set(key, length);
				bytes += length;
				if (stale) drop(key, "expired");
			} else if (stale) remove(key);
		}
	}

	/** The oldest events that may be sent, in order; of a page that leaves, whatever still finds room. */
	function takeBatch(room: number, leaving: boolean, skip: (key: string) => unknown): [string, string][] {
		const batch: [string, string][] = [];
		const max = failures < BREAKER ? limit : 1;
		for (const key of sizes.keys()) {
			if (batch.length >= max) break;
			const text = skip(key) ? "" : textOf(key);
			if (!text) continue;
			const size = encoder.encode(text).length + 1;
			if (size <= room) {
				room -= size;
				batch.push([key, text]);
			} else if (!leaving) break;
		}
		return batch;
	}

	const queued = () => {
		for (const entry of own.values()) entry.resolve({ status: "queued" });
	};

	/** How long sending has to wait. A person's wish or a new network ends a wait that no server asked for. */
	function waiting(eager: boolean): number {
		const left = until - now();
		return left > 0 && left <= MAX_RETRY_AFTER && (told || !eager) ? left : 0;
	}

	/** Sends a batch and acts on its verdict. Says whether to go on. */
	async function sendBatch(batch: [string, string][], leaving: boolean): Promise<boolean> {
		for (const [key] of batch) flight.set(key, leaving);
		const answer = await send(
			batch.map(([, text]) => text),
			leaving,
		).catch((): Answer => ({ status: 0 }));
		for (const [key] of batch) flight.delete(key);
		const verdict = shouldRetry(answer.status);
		if (verdict === "retry") {
			const asked = retryAfter(answer.wait, now());
			const delay = Math.max(asked ?? 0, backoff(failures + 1, ports.random()));
			saveState(failures + 1, now() + delay, asked ? 1 : 0);
			queued();
			schedule(delay);
			return false;
		}
		if (failures) saveState(0, 0, 0);
		if (verdict === "split" && batch.length > 1) {
			limit = batch.length >> 1;
			return true;
		}
		batch.forEach(([key, text], index) => {
			const rejected = answer.rejected?.find((one) => one.index === index);
			if (verdict === "delivered" && !rejected) settle(key, verdict);
			else drop(key, rejected?.code ?? (verdict === "split" ? "too_large" : `http_${answer.status}`), text);
		});
		return true;
	}

	async function work(eager: boolean) {
		let go: boolean | undefined = true;
		while (go && !paused) {
			scan();
			const wait = waiting(eager);
			if (wait || !ports.online()) {
				queued();
				// A network that is said to be gone is tried now and then.
				schedule(wait || OFFLINE);
				return;
			}
			const batch = takeBatch(BATCH_BYTES, false, (key) => flight.has(key));
			if (!batch.length) return;
			// A page that leaves gives the lock back, whatever becomes of its request.
			go = await Promise.race([
				sendBatch(batch, false),
				new Promise<undefined>((done) => (release = () => done(undefined))),
			]);
		}
	}

	function drain(eager: boolean): Promise<unknown> {
		running ??= ports
			.lock(() => work(eager))
			.catch(() => {})
			.finally(() => {
				running = undefined;
			});
		return running;
	}

	const flush = (eager: boolean) =>
		paused ? Promise.resolve() : running ? running.then(() => drain(eager)) : drain(eager);

	function schedule(ms: number) {
		const at = now() + ms;
		if (wake && wake.at <= at) return;
		wake?.cancel();
		const cancel = ports.timer(() => {
			wake = undefined;
			flush(false);
		}, ms);
		wake = { at, cancel };
	}

	if (keys()?.some(isKey)) schedule(0);

	return {
		enqueue(key, text) {
			return new Promise((resolve) => {
				if (text.length > MAX_EVENT) {
					ports.onDrop(text, "too_large");
					return resolve({ status: "dropped", reason: "too_large" });
				}
				// Known before the first event is stored, so that this page can tell its delivery from an emptied store.
				if (!epoch && !paused) loadState();
				if (!burst++) {
					Promise.resolve().then(() => {
						burst = 0;
						persist();
					});
				}
				own.set(key, { text, stored: burst <= BURST && write(key, text), resolve });
				if (burst > BURST) unwritten.push(key);
				sizes.set(key, text.length);
				bytes += text.length;
				const full = () => sizes.size > MAX_EVENTS || bytes > MAX_BYTES;
				// What other pages have delivered since makes room; not asked at every call of a burst.
				if (full() && !paused && Math.abs(now() - scanned) > 1_000) scan();
				while (full()) drop(sizes.keys().next().value as string, "overflow");
				// Kept until somebody decides, which may be never.
				if (paused) resolve({ status: "queued" });
				else schedule(own.size < ports.flushAt ? ports.interval : 0);
			});
		},
		flush: async () => {
			await flush(true);
		},
		leave(final) {
			persist(MAX_EVENTS);
			if (final) {
				queued();
				release();
			}
			while (!paused && ports.online() && !waiting(true)) {
				const batch = takeBatch(
					ports.room(),
					true,
					(key) => !own.has(key) || (final ? flight.get(key) : flight.has(key)),
				);
				if (!batch.length) return;
				sendBatch(batch, true);
			}
		},
		cancel(key, reason) {
			if (own.has(key) && !flight.has(key)) settle(key, "dropped", reason);
		},
		pause() {
			paused = true;
		},
		resume() {
			if (!paused) return;
			paused = false;
			scan();
			schedule(0);
		},
		purge() {
			paused = true;
			for (const key of own.keys()) settle(key, "dropped", "denied");
			keys()?.map(remove);
			sizes.clear();
			bytes = 0;
		},
	};
}
