import type { Batch } from "./batch.ts";
import { Fifo } from "./fifo.ts";

/** Batches looked at when the next one to send is chosen: bounds the search, and is twice what can be in flight. */
const CANDIDATES = 64;

/** Sealed batches, those in flight included, in the order they were sealed. */
export function createReadyBatches() {
	const front: Batch[] = [];
	const rest = new Fifo<Batch>();
	let count = 0;

	function skipEnded(): void {
		while (rest.peek()?.state === "ended") rest.shift();
	}

	return {
		/** How many have not ended. */
		get count(): number {
			return count;
		},
		push(batch: Batch): void {
			batch.state = "ready";
			count++;
			rest.push(batch);
		},
		/** The oldest batch that may leave now: no earlier one that has not ended shares a class of people with it. */
		pick(): Batch | undefined {
			for (skipEnded(); front.length < CANDIDATES && rest.length; skipEnded()) front.push(rest.shift() as Batch);
			let blocked = 0;
			for (const batch of front) {
				if (batch.state === "ready" && (batch.people & blocked) === 0) return batch;
				blocked |= batch.people;
				if (blocked === -1) return undefined;
			}
			return undefined;
		},
		/** The oldest that is not in flight. */
		oldestIdle(): Batch | undefined {
			skipEnded();
			return front.find((batch) => batch.state === "ready") ?? rest.peek();
		},
		/** One that was pushed has ended. */
		ended(batch: Batch): void {
			count--;
			const place = front.indexOf(batch);
			if (place >= 0) front.splice(place, 1);
		},
		all: (): Batch[] => [...front, ...rest.items()],
	};
}
