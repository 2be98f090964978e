import { Fifo } from "./fifo.ts";
import type { Queue } from "./queue.ts";

/** Callers of `flush()` and `drained()` that wait, until `tell()` finds that what they wait for has come. */
export function createWaiting(queue: Queue) {
	const flushing = new Fifo<{ target: number; resolve: () => void }>();
	let draining: (() => void)[] = [];
	return {
		/** Resolves once every batch born so far has ended; undefined where all have. */
		forBorn(): Promise<void> | undefined {
			const target = queue.born;
			if (queue.endedBefore >= target) return undefined;
			return new Promise((resolve) => flushing.push({ target, resolve }));
		},
		/** Resolves once the queue has room for an event. */
		forRoom(): Promise<void> {
			return new Promise((resolve) => draining.push(resolve));
		},
		tell(): void {
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
		},
	};
}
