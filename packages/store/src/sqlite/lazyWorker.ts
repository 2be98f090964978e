import { StorageUnavailableError } from "../port.ts";
import type { StartedWorker, WorkerClient } from "./workerClient.ts";

/** So many deaths within `WITHIN` ms are no accident: another start would only hide it. */
const MOST_DEATHS = 5;
const WITHIN = 60_000;

export interface KeptWorker extends WorkerClient {
	/** Whether a thread runs: one that was never needed, or died a moment ago, does not. */
	readonly isRunning: boolean;
}

/**
 * A worker that the first call into it starts, many a workspace never needs it, and that the next one starts anew when it
 * has died. The calls that were under way fail as storage that is not there for a moment. One that dies again and again
 * ends the process, with what it died of: a supervisor starts that anew, and a server that answers nothing helps nobody.
 */
export function lazyWorker(start: () => Promise<StartedWorker>, end: (error: Error) => void = endProcess): KeptWorker {
	let worker: Promise<StartedWorker> | null = null;
	let isRunning = false;
	let isClosed = false;
	let deaths: number[] = [];

	function onDeath(error: Error): void {
		worker = null;
		isRunning = false;
		const now = performance.now();
		deaths = [...deaths.filter((at) => now - at < WITHIN), now];
		if (deaths.length >= MOST_DEATHS) end(error);
	}

	function run(): Promise<StartedWorker> {
		if (isClosed) throw new StorageUnavailableError("The store is closed.");
		if (worker) return worker;
		const starting = start().then((started) => {
			isRunning = true;
			started.onDeath(onDeath);
			return started;
		});
		worker = starting;
		// What kept it from starting may be over by the next call.
		starting.catch(() => {
			if (worker === starting) worker = null;
		});
		return starting;
	}

	return {
		async call(method, ...args) {
			return (await run()).call(method, ...args);
		},
		async close() {
			isClosed = true;
			await (await worker?.catch(() => null))?.close();
			isRunning = false;
		},
		get isRunning() {
			return isRunning;
		},
	};
}

/** As an error that nobody catches does: with a message and an exit code that is not 0. */
function endProcess(error: Error): void {
	setImmediate(() => {
		throw new Error(`A thread of the store died ${MOST_DEATHS} times within a minute. ${error.message}`);
	});
}
