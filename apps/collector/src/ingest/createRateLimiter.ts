/** Counts events against a rate, by key: of a write key, or of an address. */
export interface RateLimiter {
	/**
	 * Seconds until `key` may send again; 0 when it may now. Call before reading a request.
	 *
	 * @param rate events a second.
	 */
	wait(key: string, rate: number): number;
	/**
	 * Counts one and says how many seconds later it is due, so that they are spread over time: 0 within the rate. What would
	 * be due later than `most` seconds from now is not counted, and is due then.
	 */
	queue(key: string, rate: number, most: number): number;
	/** Counts what was sent, even past the rate: the debt is waited out. */
	spend(key: string, rate: number, events: number): void;
}

interface Bucket {
	tokens: number;
	at: number;
	rate: number;
}

/** Seconds' worth of events that may come at once after a pause. */
const BURST = 10;
/** Beyond this many keys the full buckets, which say nothing, are forgotten; a flood of addresses cannot fill memory. */
const MAX_BUCKETS = 50_000;

/** @param steadyNow ms by a clock that nobody sets: set back, it would lend nobody anything until it is where it was. */
export function createRateLimiter(steadyNow: () => number): RateLimiter {
	const buckets = new Map<string, Bucket>();

	function bucketOf(key: string, rate: number): Bucket {
		const at = steadyNow();
		let bucket = buckets.get(key);
		if (!bucket) {
			if (buckets.size >= MAX_BUCKETS) forget(at);
			bucket = { tokens: most(rate), at, rate };
			buckets.set(key, bucket);
		}
		bucket.tokens = refilled(bucket, at);
		bucket.at = at;
		bucket.rate = rate;
		return bucket;
	}

	function forget(at: number): void {
		for (const [key, bucket] of buckets) if (refilled(bucket, at) >= most(bucket.rate)) buckets.delete(key);
		// All of them busy: the oldest tenth goes, so that this stays cheap.
		let surplus = buckets.size - MAX_BUCKETS * 0.9;
		for (const key of buckets.keys()) if (surplus-- > 0) buckets.delete(key);
	}

	return {
		wait(key, rate) {
			const { tokens } = bucketOf(key, rate);
			return tokens >= 1 ? 0 : Math.ceil((1 - tokens) / rate);
		},
		queue(key, rate, longest) {
			const bucket = bucketOf(key, rate);
			const late = Math.max(0, (1 - bucket.tokens) / rate);
			if (late >= longest) return longest;
			bucket.tokens -= 1;
			return late;
		},
		spend(key, rate, events) {
			bucketOf(key, rate).tokens -= events;
		},
	};
}

function refilled({ tokens, at, rate }: Bucket, now: number): number {
	return Math.min(most(rate), tokens + (Math.max(0, now - at) / 1_000) * rate);
}

/** How much is saved up at the most: one event at least, however seldom they may come. */
function most(rate: number): number {
	return Math.max(1, rate * BURST);
}
