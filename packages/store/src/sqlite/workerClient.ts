import { Worker } from "node:worker_threads";
import {
	FilterTooCostlyError,
	IdentityRulesChangedError,
	InvalidCursorError,
	StorageUnavailableError,
} from "../port.ts";
import type { WorkerAnswer, WorkerCall, WorkerStart } from "./worker.ts";

/** Calls into a worker as if its methods were here. */
export interface WorkerClient {
	call<T>(method: string, ...args: unknown[]): Promise<T>;
	close(): Promise<void>;
}

/** One thread. */
export interface StartedWorker extends WorkerClient {
	/** Called once if the thread ends without having been asked to. */
	onDeath(tell: (error: Error) => void): void;
}

/** MB. V8 would let it grow to 96 in each worker that is busy, which makes the process larger by a fifth and nothing faster. */
const YOUNG_GENERATION = 16;

/** Starts a worker and resolves once it has its file open. */
export async function startWorker(start: WorkerStart): Promise<StartedWorker> {
	const fromSource = import.meta.url.endsWith(".ts");
	const worker = new Worker(new URL(fromSource ? "./worker.ts" : "./worker.js", import.meta.url), {
		workerData: start,
		resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION },
		execArgv: fromSource ? ["--conditions=@selfsame/source"] : [],
	});
	const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
	let lastCall = 0;
	let gone: Error | null = null;
	let isClosing = false;
	let tellDeath: ((error: Error) => void) | null = null;

	worker.on("message", (answer: WorkerAnswer) => {
		const caller = waiting.get(answer.call);
		waiting.delete(answer.call);
		if ("error" in answer) caller?.reject(revive(answer.error));
		else caller?.resolve(answer.result);
	});
	let cause = "";
	worker.on("error", (error) => {
		cause = `: ${error instanceof Error ? error.message : String(error)}`;
	});
	worker.on("exit", () => {
		// What was asked of it may have been done or not: its senders repeat it, and what was done is a duplicate.
		const reason = isClosing ? "The store is closed." : `The ${start.role} thread ended${cause}. It is started again.`;
		gone = new StorageUnavailableError(reason);
		for (const { reject } of waiting.values()) reject(gone);
		waiting.clear();
		if (!isClosing) tellDeath?.(gone);
	});

	const expect = (call: number) => new Promise<unknown>((resolve, reject) => waiting.set(call, { resolve, reject }));
	await expect(0);

	const call = async <T>(method: string, ...args: unknown[]): Promise<T> => {
		if (gone) throw gone;
		const number = ++lastCall;
		const answer = expect(number);
		worker.postMessage({ call: number, method, args } satisfies WorkerCall);
		return (await answer) as T;
	};
	return {
		call,
		onDeath(tell) {
			tellDeath = tell;
		},
		async close() {
			isClosing = true;
			if (gone) return;
			const exited = new Promise((resolve) => worker.once("exit", resolve));
			await call("close");
			await exited;
		},
	};
}

/** Failures of SQLite that may pass: the disk, the file or its locks, not what was asked. */
const passing = /^SQLITE_(FULL|READONLY|BUSY|LOCKED|IOERR|CANTOPEN|PERM|AUTH|PROTOCOL|NOTADB|CORRUPT|NOMEM)/;

function revive({ name, message, code }: { name: string; message: string; code?: string }): Error {
	if (name === "StorageUnavailableError") return new StorageUnavailableError(message);
	if (name === "InvalidCursorError") return new InvalidCursorError(message);
	if (name === "FilterTooCostlyError") return new FilterTooCostlyError(message);
	if (name === "IdentityRulesChangedError") return new IdentityRulesChangedError();
	if (code && passing.test(code)) return new StorageUnavailableError(`${message} (${code})`);
	return Object.assign(new Error(message), { name, code });
}
