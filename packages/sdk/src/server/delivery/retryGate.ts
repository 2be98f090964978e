import { backoff } from "../../core/index.ts";

/** The first ceiling of the jitter, and the last: an outage of any length costs about one request in 5 s a process. */
const FIRST_CEILING = 400;
const LAST_CEILING = 10_000;
/** Full jitter may draw next to nothing several times over; this keeps a failing collector from seeing a burst. */
const LEAST = 100;

/**
 * One gate for all batches of a client. After a failure nobody sends until it opens again, and then one request tries
 * alone: a client with a full queue costs a failing collector no more than one with a single event.
 */
export function createRetryGate(random: () => number) {
	let failures = 0;
	let opensAt = 0;
	let lastFailure = 0;
	return {
		/** `startedAt`: when the request was sent; those that flew together count as one failure. */
		fail(now: number, startedAt: number, retryAfterMs = 0): void {
			if (startedAt >= lastFailure) failures++;
			lastFailure = now;
			const wait = Math.max(retryAfterMs, LEAST + backoff(failures, random(), FIRST_CEILING, LAST_CEILING));
			opensAt = Math.max(opensAt, now + wait);
		},
		/** A success from before the last failure says nothing about now. */
		succeed(startedAt: number): void {
			if (startedAt < lastFailure) return;
			failures = 0;
			opensAt = 0;
		},
		/** ms until the next request may leave. */
		wait: (now: number): number => Math.max(0, opensAt - now),
		/** While true, one request at a time. */
		isProbing: (): boolean => failures > 0,
	};
}

export type RetryGate = ReturnType<typeof createRetryGate>;
