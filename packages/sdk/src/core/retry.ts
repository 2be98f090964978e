/** What a status means for the events that were sent. */
export type Verdict = "delivered" | "retry" | "split" | "drop";

/**
 * The verdict table (docs/decisions/wire-contract.md). 0 stands for a network failure or a timeout. `split`: send
 * again in halves; a single event that is still too large is dropped. Permanent: 400, 401, 404, 422 and every other
 * status that says the same request will never do.
 */
export function shouldRetry(status: number): Verdict {
	if (status >= 200 && status < 300) return "delivered";
	if (status === 413) return "split";
	return status < 100 || status >= 500 || [408, 410, 429, 460].includes(status) ? "retry" : "drop";
}

/** The first delay is up to 1 s, doubling to 10 min. */
export const MIN_DELAY = 1_000;
export const MAX_DELAY = 600_000;
/** A `Retry-After` is obeyed up to one hour: beyond that the device's clock is the likelier error. */
export const MAX_RETRY_AFTER = 3_600_000;

/**
 * Full jitter: a delay in ms, anywhere between nothing and the exponential ceiling of the attempt, so that clients that
 * failed together do not come back together.
 * @param attempt failed attempts so far, from 1
 * @param random a number in [0, 1)
 */
export function backoff(attempt: number, random: number, min = MIN_DELAY, max = MAX_DELAY): number {
	return Math.round(random * Math.min(max, min * 2 ** Math.min(attempt - 1, 30)));
}

/**
 * Reads `Retry-After` in both forms, seconds and HTTP date, into ms from `now`: undefined if there is none or it is
 * unreadable, at most an hour.
 */
export function retryAfter(header: string | null | undefined, now: number): number | undefined {
	if (!header?.trim()) return;
	const wait = Number.isNaN(+header) ? Date.parse(header) - now : +header * 1000;
	return Number.isNaN(wait) ? undefined : Math.min(Math.max(wait, 0), MAX_RETRY_AFTER);
}
