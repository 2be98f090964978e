import { setTimeout as wait } from "node:timers/promises";
import { StorageUnavailableError } from "../../port.ts";

/** Runs one after another. */
export interface Queue {
	run<T>(task: () => Promise<T>): Promise<T>;
	/** Throws once it is being closed. */
	requireOpen(): void;
	/** Runs no more. Resolves when nothing runs; until then `hurry` is called now and then. */
	close(hurry: () => Promise<void>): Promise<void>;
}

/** ms. */
const betweenHurries = 200;

export function createQueue(): Queue {
	let last: Promise<unknown> = Promise.resolve();
	let isClosed = false;
	const requireOpen = () => {
		if (isClosed) throw new StorageUnavailableError("The store is being closed.");
	};
	return {
		requireOpen,
		run(task) {
			const mine = last.then(() => {
				requireOpen();
				return task();
			});
			last = mine.catch(() => {});
			return mine;
		},
		async close(hurry) {
			isClosed = true;
			let isDone = false;
			const done = last.then(() => {
				isDone = true;
			});
			await Promise.race([done, Promise.resolve().then(() => wait(0))]);
			while (!isDone) {
				await hurry();
				await Promise.race([done, wait(betweenHurries)]);
			}
		},
	};
}
