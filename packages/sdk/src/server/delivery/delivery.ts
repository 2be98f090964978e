import type { Answer, Ports } from "../ports.ts";
import { type AnswerOptions, type AttemptListeners, createApplyAnswer } from "./applyAnswer.ts";
import { type Batch, dropped, type Outcome, type Range } from "./batch.ts";
import { composeBody } from "./composeBody.ts";
import { createQueue, type Place, type QueueOptions } from "./queue.ts";
import { createRetryGate } from "./retryGate.ts";
import { createSendWindow } from "./sendWindow.ts";
import { createWaiting } from "./waiting.ts";

export interface DeliveryOptions extends QueueOptions, AnswerOptions {
	/** ms an open batch waits for company. */
	flushInterval: number;
}

/** What the engine tells; none of it may throw. */
export interface Listeners extends AttemptListeners {
	ended(batch: Batch, index: number, outcome: Outcome): void;
}

/**
 * Sends what the queue holds: as many requests as the window allows, one gate for all retries, one verdict an event.
 */
export function createDelivery(options: DeliveryOptions, ports: Ports, listeners: Listeners) {
	const queue = createQueue(options, ports, listeners.ended);
	const gate = createRetryGate(ports.random);
	const window = createSendWindow();
	const waiting = createWaiting(queue);
	const applyAnswer = createApplyAnswer(options, ports, { queue, gate, window }, listeners);
	const abort = new AbortController();
	let inFlight = 0;
	let isHurried = false;
	let isPumpDue = false;
	let cancelInterval: (() => void) | undefined;
	let cancelGate: (() => void) | undefined;

	function onInterval(): void {
		cancelInterval = undefined;
		queue.sealAll();
		pump();
	}

	/** Sending starts after the caller's code, so that a call costs the same whether it completes a batch or not. */
	function pumpSoon(): void {
		if (isPumpDue) return;
		isPumpDue = true;
		ports.soon(() => {
			isPumpDue = false;
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
				waiting.tell();
				pump();
			});
		}
	}

	function pickHurried(): Batch | undefined {
		if (!isHurried) return undefined;
		isHurried = false;
		queue.sealAll();
		return queue.pick();
	}

	async function attempt(batch: Batch): Promise<void> {
		if (!batch.data && !(await ports.spool?.load(batch, queue))) return;
		const range = { ...(batch.ranges[0] as Range) };
		const startedAt = ports.elapsed();
		const body = composeBody(batch, range, ports.now(), ports.bytes);
		const request = { body, signal: abort.signal, retries: batch.failures };
		const answer = await ports.send(request).catch((error: unknown): Answer => ({ status: 0, error }));
		// Closing ends batches under an attempt.
		if (batch.state !== "sending") return;
		batch.state = "ready";
		applyAnswer(batch, range, answer, startedAt);
	}

	/** Somebody waits for an event: the open batches leave as soon as a request may. */
	function hurry(): void {
		isHurried = true;
		pumpSoon();
	}

	// What an earlier process left behind does not wait for the first call of this one.
	if (queue.endedBefore < queue.born) pumpSoon();

	return {
		/** Takes an event's JSON; `person` is a hash of its user. Undefined: the queue was full, and it was dropped. */
		append(text: string, person: number): Place | undefined {
			const place = queue.append(text, person, window.lanes);
			cancelInterval ??= ports.schedule(onInterval, options.flushInterval);
			if (place && place.batch.state !== "open") pumpSoon();
			return place;
		},
		/** The events now in the queue or in flight. */
		get size(): number {
			return queue.size;
		},
		hurry,
		/** Resolves once every event called before it has ended, those in flight included. */
		async flush(): Promise<void> {
			queue.sealAll();
			const all = waiting.forBorn();
			if (all) pumpSoon();
			await all;
		},
		/** Undefined where there is room for an event, else a promise of it. */
		room(): Promise<void> | undefined {
			if (!queue.isFull(1)) return undefined;
			hurry();
			return waiting.forRoom();
		},
		/** Ends everything now: what the spool holds is left to the next process, the rest is dropped. */
		stop(): void {
			abort.abort();
			cancelInterval?.();
			cancelGate?.();
			queue.sealAll();
			for (const batch of queue.all()) {
				const isKept = batch.segment !== undefined && !batch.unspooled;
				queue.end(batch, isKept ? { status: "queued" } : dropped("closed"));
			}
			waiting.tell();
		},
	};
}
