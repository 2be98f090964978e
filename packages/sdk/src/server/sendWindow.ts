/** Enough to fill a link of 50 ms with batches of 500 at the rate one core serialises them. */
const MOST = 16;
/** One request is answered while the next is compressed. */
const LEAST = 2;
/** One more request in flight for every so many ms of latency: about what one batch takes to fill and compress. */
const MS_PER_REQUEST = 4;

/**
 * How many requests may be in flight: starts at one, grows by one with each success (so it doubles in a round trip) up
 * to what the measured latency asks for, and falls back to one on a failure.
 */
export function createSendWindow() {
	let latency = 0;
	let width = 1;
	const most = () => Math.min(MOST, LEAST + Math.ceil(latency / MS_PER_REQUEST));
	return {
		get width(): number {
			return width;
		},
		/** The number of lanes worth filling: a power of two. */
		get lanes(): number {
			return 2 ** Math.ceil(Math.log2(most()));
		},
		succeed(ms: number): void {
			latency = latency === 0 ? ms : latency * 0.8 + ms * 0.2;
			width = Math.min(width + 1, most());
		},
		fail(): void {
			width = 1;
		},
	};
}
