import { type BatchAnswer, retryAfter, shouldRetry } from "../../core/index.ts";
import type { Answer, Ports } from "../ports.ts";
import { type Batch, DELIVERED, dropped, type Range } from "./batch.ts";
import { DeliveryError } from "./deliveryError.ts";
import { explainFailure } from "./explainFailure.ts";
import type { Queue } from "./queue.ts";
import type { RetryGate } from "./retryGate.ts";
import type { SendWindow } from "./sendWindow.ts";

export interface AnswerOptions {
	/** Failed attempts after the first that a batch survives. */
	maxRetries: number;
	/** Tell each rejection and warning of the collector. */
	debug: boolean;
}

/** What the delivery tells of attempts; none of it may throw. */
export interface AttemptListeners {
	failed(error: DeliveryError): void;
	/** What the collector said of one event, under `debug`. */
	noted(text: string): void;
}

/** What an answer changes: the queue's events, when the next request may leave, how many may be in flight. */
export interface AnswerState {
	queue: Queue;
	gate: RetryGate;
	window: SendWindow;
}

/** Does what an answer to the events of `range` asks for: they end, wait for another attempt, or go in halves. */
export function createApplyAnswer(
	options: AnswerOptions,
	ports: Pick<Ports, "now" | "elapsed">,
	{ queue, gate, window }: AnswerState,
	listeners: AttemptListeners,
) {
	/** `startedAt`: when the request was sent, by `Ports.elapsed`. */
	return function applyAnswer(batch: Batch, range: Range, answer: Answer, startedAt: number): void {
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
		if (body) end(batch, range, body);
		else if (verdict === "split") split(queue, batch, range);
		else {
			listeners.failed(new DeliveryError(explainFailure(answer), status));
			queue.endRange(batch, range, dropped(`http_${status}`));
		}
	};

	function end(batch: Batch, range: Range, body: BatchAnswer): void {
		if (options.debug) noteAll(body);
		for (const { index, code } of body.rejected) {
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
		const isLast = batch.failures > options.maxRetries;
		listeners.failed(new DeliveryError(explainFailure(answer), status, error));
		if (!isLast) return;
		batch.failures = 0;
		queue.endRange(batch, range, dropped(status === 0 ? "network" : `http_${status}`));
	}
}

/** 413: half of it may fit; the halves keep their order. */
function split(queue: Queue, batch: Batch, { from, to }: Range): void {
	if (to - from === 1) {
		queue.endOne(batch, from, dropped("too_large"));
		return;
	}
	const middle = (from + to) >> 1;
	batch.ranges.splice(0, 1, { from, to: middle }, { from: middle, to });
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
