import { StorageUnavailableError } from "../../port.ts";
import { lazyWorker } from "../lazyWorker.ts";
import type { WorkerClient } from "../workerClient.ts";

/** How many searches may wait for one another. Each has its time limit, so none waits for ever. */
const mostWaiting = 100;

/** Calls into the worker that searches. Closing it cuts off the search that is under way, and those that wait for it. */
export function createSearchClient(start: (stop: SharedArrayBuffer) => Promise<WorkerClient>): WorkerClient {
	const stop = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
	const worker = lazyWorker(() => start(stop));
	let waiting = 0;
	return {
		async call(method, ...args) {
			if (waiting >= mostWaiting) {
				throw new StorageUnavailableError(
					`${mostWaiting} searches are under way already. Ask again when they are done.`,
				);
			}
			waiting += 1;
			try {
				return await worker.call(method, ...args);
			} finally {
				waiting -= 1;
			}
		},
		async close() {
			Atomics.store(new Int32Array(stop), 0, 1);
			await worker.close();
		},
	};
}
