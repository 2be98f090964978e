import { StorageUnavailableError } from "../../port.ts";
import type { WorkerClient } from "../workerClient.ts";

/** How many searches may wait for one another. Each has its time limit, so none waits for ever. */
const mostWaiting = 100;

/** Calls into a worker that is started by the first of them: many a workspace is never searched. */
export function createSearchClient(start: () => Promise<WorkerClient>): WorkerClient {
	let worker: Promise<WorkerClient> | null = null;
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
				worker ??= start();
				// What kept it from starting may be over by the next search.
				worker.catch(() => {
					worker = null;
				});
				return await (await worker).call(method, ...args);
			} finally {
				waiting -= 1;
			}
		},
		async close() {
			await (await worker)?.close();
		},
	};
}
