import type { WorkerClient } from "./workerClient.ts";

/** A worker that the first call into it starts: many a workspace never needs it. */
export function lazyWorker(start: () => Promise<WorkerClient>): WorkerClient {
	let worker: Promise<WorkerClient> | null = null;
	return {
		async call(method, ...args) {
			worker ??= start();
			// What kept it from starting may be over by the next call.
			worker.catch(() => {
				worker = null;
			});
			return (await worker).call(method, ...args);
		},
		async close() {
			await (await worker?.catch(() => null))?.close();
		},
	};
}
