import { limitWaiting } from "../../sql/search/limitWaiting.ts";
import { lazyWorker } from "../lazyWorker.ts";
import type { WorkerClient } from "../workerClient.ts";

/** Calls into the worker that searches. Closing it cuts off the search that is under way, and those that wait for it. */
export function createSearchClient(start: (stop: SharedArrayBuffer) => Promise<WorkerClient>): WorkerClient {
	const stop = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
	const worker = lazyWorker(() => start(stop));
	const limited = limitWaiting();
	return {
		call: (method, ...args) => limited(() => worker.call(method, ...args)),
		async close() {
			Atomics.store(new Int32Array(stop), 0, 1);
			await worker.close();
		},
	};
}
