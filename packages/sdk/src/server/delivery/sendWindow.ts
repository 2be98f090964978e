/** Every batch in flight has people of its own, and there are 32 classes of them. */
const MOST = 32;
/** One request is answered while the next is compressed. */
const LEAST = 2;
/** One more request in flight for every so many ms of latency: a little less than one core needs to fill a batch of 500. */
const MS_PER_REQUEST = 3;

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
		/**
		 * The number of lanes worth filling, a power of two. As many batches are in flight as fill in one latency, so that
		 * many lanes keep up with `rate` (batches a ms); a backlog takes all that the window has.
		 */
		lanes: (rate: number, piling: boolean): number =>
			2 ** Math.ceil(Math.log2(piling ? most() : Math.min(most(), Math.max(1, latency * rate)))),
		succeed(ms: number): void {
			latency = latency === 0 ? ms : latency * 0.8 + ms * 0.2;
			width = Math.min(width + 1, most());
		},
		fail(): void {
			width = 1;
		},
	};
}

export type SendWindow = ReturnType<typeof createSendWindow>;
