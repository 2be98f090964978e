import { Worker } from "node:worker_threads";
import { IdentityRulesChangedError, StorageUnavailableError } from "@selfsame/store";
import { RequestError } from "../problem.ts";
import type { ExportAnswer, ExportAsk, ExportStart } from "./exportWorker.ts";

/** Streams datasets to clients. */
export interface Exporter {
	/**
	 * Resolves once the snapshot is taken and the bytes can flow. What is not read is not made: a slow client costs disk
	 * for the snapshot and no memory. Its stream fails, rather than ends, when the export breaks off.
	 *
	 * @throws RequestError when too many run, StorageUnavailableError when there is no room for a snapshot.
	 */
	start(what: Pick<ExportStart, "dataset" | "format" | "personalTraits">): Promise<ReadableStream<Uint8Array>>;
	/** How many run. */
	readonly running: number;
	/** Breaks off what still runs. */
	close(): Promise<void>;
}

/** Each takes a thread and a copy of the database. */
const MOST_AT_ONCE = 2;
/** MB of what was just made, after which the thread collects what of it is gone: rows are gone soon, and there are many. */
const YOUNG = 12;
/** ms. A client that reads nothing for this long is gone or stuck, and the copy of the database is worth more. */
const PATIENCE = 120_000;

export interface ExporterOptions extends Pick<ExportStart, "databaseUrl" | "identity"> {
	/** ms without a read after which an export breaks off. Default 120,000. */
	patience?: number;
}

export function createExporter({ databaseUrl, identity, patience = PATIENCE }: ExporterOptions): Exporter {
	const running = new Set<Worker>();

	return {
		async start(what) {
			if (running.size >= MOST_AT_ONCE) {
				const detail = `${MOST_AT_ONCE} exports are running, which is as many as may. Ask again when one is done.`;
				throw new RequestError("overloaded", detail, { "retry-after": "30" });
			}
			const worker = startWorker({ databaseUrl, identity, ...what });
			running.add(worker);
			worker.once("exit", () => running.delete(worker));
			const thread = converse(worker);
			const first = await thread.hear();
			if (first.kind === "failed") throw revive(first);
			return toStream(thread, patience);
		},
		get running() {
			return running.size;
		},
		async close() {
			await Promise.all([...running].map((worker) => worker.terminate()));
		},
	};
}

function startWorker(start: ExportStart): Worker {
	const fromSource = import.meta.url.endsWith(".ts");
	return new Worker(new URL(fromSource ? "./exportWorker.ts" : "./exportWorker.js", import.meta.url), {
		workerData: start,
		resourceLimits: { maxYoungGenerationSizeMb: YOUNG },
		execArgv: fromSource ? ["--conditions=@selfsame/source"] : [],
	});
}

/** One question, one answer. A thread that dies answers that it failed, whenever it is asked. */
function converse(worker: Worker) {
	const broken: ExportAnswer = { kind: "failed", name: "Error", message: "The export was broken off." };
	let gone: ExportAnswer | null = null;
	let tell: (answer: ExportAnswer) => void = () => {};
	const end = (answer: ExportAnswer) => {
		gone ??= answer;
		tell(gone);
	};
	worker.on("message", (answer: ExportAnswer) => tell(answer));
	worker.on("error", (error) => end({ ...broken, message: error instanceof Error ? error.message : String(error) }));
	worker.on("exit", () => end(broken));
	const say = (what: ExportAsk) => worker.postMessage(what);
	const hear = () =>
		new Promise<ExportAnswer>((resolve) => {
			tell = resolve;
			if (gone) resolve(gone);
		});
	return { say, hear };
}

function toStream({ say, hear }: ReturnType<typeof converse>, patience: number): ReadableStream<Uint8Array> {
	let unread: NodeJS.Timeout | undefined;
	const waitForReading = (controller: ReadableStreamDefaultController<Uint8Array>) => {
		unread = setTimeout(() => {
			controller.error(new Error("The client stopped reading."));
			say("stop");
		}, patience).unref();
	};
	return new ReadableStream<Uint8Array>(
		{
			start: waitForReading,
			async pull(controller) {
				clearTimeout(unread);
				const heard = hear();
				say("next");
				const answer = await heard;
				if (answer.kind === "end") controller.close();
				if (answer.kind === "failed") controller.error(new Error(answer.message));
				if (answer.kind !== "bytes") return;
				controller.enqueue(answer.bytes);
				waitForReading(controller);
			},
			cancel() {
				clearTimeout(unread);
				say("stop");
			},
		},
		// Nothing is read ahead: not before the client has taken what there is.
		{ highWaterMark: 0 },
	);
}

function revive({ name, message }: { name: string; message: string }): Error {
	if (name === "StorageUnavailableError") return new StorageUnavailableError(message);
	if (name === "IdentityRulesChangedError") return new IdentityRulesChangedError();
	return new Error(message);
}
