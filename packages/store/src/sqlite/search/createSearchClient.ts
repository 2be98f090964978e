import { limitWaiting } from "../../sql/search/limitWaiting.ts";
import { type KeptWorker, lazyWorker } from "../lazyWorker.ts";
import type { StartedWorker } from "../workerClient.ts";

/** Calls into the worker that searches. Closing it cuts off the search that is under way, and those that wait for it. */
export function createSearchClient(start: (stop: SharedArrayBuffer) => Promise<StartedWorker>): KeptWorker {
	const stop = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
	const worker = lazyWorker(() => start(stop));
	const limited = limitWaiting();
	return {
		call: (method, ...args) => (method === "ping" ? worker.call(method) : limited(() => worker.call(method, ...args))),
		get isRunning() {
			return worker.isRunning;
		},
		async close() {
			Atomics.store(new Int32Array(stop), 0, 1);
			await worker.close();
		},
	};
}
