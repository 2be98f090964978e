import { type BatchAnswer, retryAfter, shouldRetry } from "../core/index.ts";
import { type Batch, DELIVERED, dropped, type Outcome, type Range } from "./batch.ts";
import { DeliveryError } from "./deliveryError.ts";
import { explainFailure } from "./explainFailure.ts";
import { Fifo } from "./fifo.ts";
import type { Answer, Ports } from "./ports.ts";
import { createQueue, type Place, type QueueOptions } from "./queue.ts";
import { createRetryGate } from "./retryGate.ts";
import { createSendWindow } from "./sendWindow.ts";

export interface DeliveryOptions extends QueueOptions {
	/** ms an open batch waits for company. */
	flushInterval: number;
	/** Failed attempts after the first that a batch survives. */
	maxRetries: number;
	/** Tell each rejection and warning of the collector. */
	debug: boolean;
}

/** What the engine tells; none of it may throw. */
export interface Listeners {
	ended(batch: Batch, index: number, outcome: Outcome): void;
	failed(error: DeliveryError): void;
	/** What the collector said of one event, under `debug`. */
	noted(text: string): void;
}

const PREFIX = '{"batch":[';

/**
 * Sends what the queue holds: as many requests as the window allows, one gate for all retries, one verdict an event.
 */
export function createDelivery(options: DeliveryOptions, ports: Ports, listeners: Listeners) {
	const queue = createQueue(options, ports, listeners.ended);
	const gate = createRetryGate(ports.random);
	const window = createSendWindow();
	const abort = new AbortController();
	const flushing = new Fifo<{ target: number; resolve: () => void }>();
	let draining: (() => void)[] = [];
	let inFlight = 0;
	let hurried = false;
	let soon = false;
	let cancelInterval: (() => void) | undefined;
	let cancelGate: (() => void) | undefined;

	function append(text: string, person: number): Place | undefined {
		const place = queue.append(text, person, window.lanes);
		cancelInterval ??= ports.schedule(onInterval, options.flushInterval);
		if (place && place.batch.state !== "open") pumpSoon();
		return place;
	}

	function onInterval(): void {
		cancelInterval = undefined;
		queue.sealAll();
		pump();
	}

	/** Sending starts after the caller's code, so that a call costs the same whether it completes a batch or not. */
	function pumpSoon(): void {
		if (soon) return;
		soon = true;
		ports.soon(() => {
			soon = false;
			pump();
		});
	}

	function pump(): void {
		while (!abort.signal.aborted && inFlight < (gate.isProbing() ? 1 : window.width)) {
			const wait = gate.wait(ports.elapsed());
			if (wait > 0) {
				cancelGate ??= ports.schedule(() => {
					cancelGate = undefined;
					pump();
				}, wait);
				return;
			}
			const batch = queue.pick() ?? pickHurried();
			if (!batch) return;
			batch.state = "sending";
			inFlight++;
			void attempt(batch).finally(() => {
				inFlight--;
				tellWaiting();
				pump();
			});
		}
	}

	function hurry(): void {
		hurried = true;
		pumpSoon();
	}

	function pickHurried(): Batch | undefined {
		if (!hurried) return undefined;
		hurried = false;
		queue.sealAll();
		return queue.pick();
	}

	async function attempt(batch: Batch): Promise<void> {
		if (!batch.data && !(await ports.spool?.load(batch, queue))) return;
		const range = { ...(batch.ranges[0] as Range) };
		const startedAt = ports.elapsed();
		const request = { body: compose(batch, range, ports.now()), signal: abort.signal, retries: batch.failures };
		const answer = await ports.send(request).catch((error: unknown): Answer => ({ status: 0, error }));
		// Closing ends batches under an attempt.
		if (batch.state !== "sending") return;
		batch.state = "ready";
		decide(batch, range, answer, startedAt);
	}

	function compose(batch: Batch, { from, to }: Range, sentAt: number): Uint8Array {
		const events = batch.slice(from, to);
		const suffix = `],"sentAt":"${new Date(sentAt).toISOString()}"}`;
		const body = ports.bytes.allocate(PREFIX.length + events.length + suffix.length);
		ports.bytes.write(body, PREFIX, 0);
		body.set(events, PREFIX.length);
		ports.bytes.write(body, suffix, PREFIX.length + events.length);
		return body;
	}

	function decide(batch: Batch, range: Range, answer: Answer, startedAt: number): void {
		const { status } = answer;
		const verdict = shouldRetry(status);
		const body = verdict === "delivered" ? readVerdict(answer, range.to - range.from) : undefined;
		if (verdict === "retry" || (verdict === "delivered" && !body)) {
			retry(batch, range, answer, startedAt);
			return;
		}
		// Any other answer comes from a collector that is there.
		gate.succeed(startedAt);
		window.succeed(ports.elapsed() - startedAt);
		batch.failures = 0;
		if (verdict === "split") {
			split(batch, range);
			return;
		}
		if (verdict === "drop") {
			listeners.failed(new DeliveryError(explainFailure(answer), status));
			queue.endRange(batch, range, dropped(`http_${status}`));
			return;
		}
		if (options.debug) noteAll(body as BatchAnswer);
		for (const { index, code } of (body as BatchAnswer).rejected) {
			const at = range.from + index;
			if (batch.outcome(at) === undefined) queue.endOne(batch, at, dropped(code));
		}
		queue.endRange(batch, range, DELIVERED);
	}

	function noteAll({ rejected, warnings = [] }: BatchAnswer): void {
		const notes = [...rejected, ...(warnings as { code: string; detail?: string }[])];
		for (const { code, detail = "" } of notes) listeners.noted(`${code}: ${detail}`);
	}

	function retry(batch: Batch, range: Range, answer: Answer, startedAt: number): void {
		const { status, error } = answer;
		const told = status === 429 || status === 503 ? retryAfter(answer.retryAfter, ports.now()) : undefined;
		gate.fail(ports.elapsed(), startedAt, told);
		window.fail();
		batch.failures++;
		const gone = batch.failures > options.maxRetries;
		listeners.failed(new DeliveryError(explainFailure(answer), status, error));
		if (!gone) return;
		batch.failures = 0;
		queue.endRange(batch, range, dropped(status === 0 ? "network" : `http_${status}`));
	}

	/** 413: half of it may fit; the halves keep their order. */
	function split(batch: Batch, { from, to }: Range): void {
		if (to - from === 1) {
			queue.endOne(batch, from, dropped("too_large"));
			return;
		}
		const middle = (from + to) >> 1;
		batch.ranges.splice(0, 1, { from, to: middle }, { from: middle, to });
	}

	function tellWaiting(): void {
		const done = queue.endedBefore;
		for (let next = flushing.peek(); next && next.target <= done; next = flushing.peek()) {
			flushing.shift();
			next.resolve();
		}
		if (draining.length > 0 && !queue.isFull(1)) {
			const told = draining;
			draining = [];
			for (const resolve of told) resolve();
		}
	}

	// What an earlier process left behind does not wait for the first call of this one.
	if (queue.endedBefore < queue.born) pumpSoon();

	return {
		append,
		/** The events now in the queue or in flight. */
		get size(): number {
			return queue.size;
		},
		/** Somebody waits for an event: the open batches leave as soon as a request may. */
		hurry,
		/** Resolves once every event called before it has ended, those in flight included. */
		flush(): Promise<void> {
			queue.sealAll();
			const target = queue.born;
			if (queue.endedBefore >= target) return Promise.resolve();
			return new Promise((resolve) => {
				flushing.push({ target, resolve });
				pumpSoon();
			});
		},
		/** Undefined where there is room for an event, else a promise of it. */
		room(): Promise<void> | undefined {
			if (!queue.isFull(1)) return undefined;
			hurry();
			return new Promise((resolve) => draining.push(resolve));
		},
		/** Ends everything now: what the spool holds is left to the next process, the rest is dropped. */
		stop(): void {
			abort.abort();
			cancelInterval?.();
			cancelGate?.();
			queue.sealAll();
			for (const batch of queue.all()) {
				const kept = batch.segment !== undefined && !batch.unspooled;
				queue.end(batch, kept ? { status: "queued" } : dropped("closed"));
			}
			tellWaiting();
		},
	};
}

/**
 * The collector's verdict on `count` events. Undefined where a 2xx holds none: a sign-in page, a proxy's or firewall's own
 * answer, one that was cut short or belongs to another request. Only counts that add up say that the events are on disk.
 */
function readVerdict({ text }: Answer, count: number): BatchAnswer | undefined {
	try {
		const body = JSON.parse(text ?? "") as BatchAnswer;
		const { success, accepted, duplicates, dropped, rejected } = body;
		const areInside = rejected.every(({ index }) => Number.isInteger(index) && index >= 0 && index < count);
		return success === true && areInside && accepted + duplicates + dropped + rejected.length === count
			? body
			: undefined;
	} catch {
		return undefined;
	}
}
