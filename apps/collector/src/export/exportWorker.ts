import { once } from "node:events";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import type { IdentityConfig } from "@selfsame/identity";
import { type Dataset, openSnapshot } from "@selfsame/store";
import { createMask, noMask } from "../privacy/createMask.ts";
import type { Format } from "./createEncoder.ts";
import { encodeDataset } from "./encodeDataset.ts";

/** What an export's thread is started with. */
export interface ExportStart {
	databaseUrl: string;
	identity: IdentityConfig;
	dataset: Dataset;
	format: Format;
	/** Traits to mask; null: none. */
	personalTraits: readonly string[] | null;
}

/** What it is asked for: the next bytes, or to clear up and end. */
export type ExportAsk = "next" | "stop";

/** `ready` comes first, once the snapshot is taken; `end` last, and only if everything before it was whole. */
export type ExportAnswer =
	| { kind: "ready" }
	| { kind: "bytes"; bytes: Uint8Array<ArrayBuffer> }
	| { kind: "end" }
	| { kind: "failed"; name: string; message: string };

/** Small pages of rows are sent together: a message between threads costs more than a few rows. */
const PIECE = 64 * 1024;

if (parentPort) await run(parentPort, workerData as ExportStart);

/** Reads and formats in a thread of its own, so that neither ingest nor other reads wait for a large export. */
async function run(port: MessagePort, start: ExportStart): Promise<void> {
	const answer = (message: ExportAnswer, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);
	const asked = async () => (await once(port, "message"))[0] as ExportAsk;
	try {
		await send(start, answer, asked);
	} catch (error) {
		const { name, message } = error instanceof Error ? error : new Error(String(error));
		answer({ kind: "failed", name, message });
	} finally {
		port.close();
	}
}

async function send(
	{ databaseUrl, identity, dataset, format, personalTraits }: ExportStart,
	answer: (message: ExportAnswer, transfer?: ArrayBuffer[]) => void,
	asked: () => Promise<ExportAsk>,
): Promise<void> {
	const snapshot = await openSnapshot(databaseUrl, { identity });
	try {
		const mask = personalTraits === null ? noMask : createMask(personalTraits);
		const next = asked();
		answer({ kind: "ready" });
		if ((await next) === "stop") return;
		let waiting: Uint8Array[] = [];
		let size = 0;
		for await (const bytes of encodeDataset(snapshot, { dataset, format, mask })) {
			waiting.push(bytes);
			size += bytes.length;
			if (size < PIECE) continue;
			const piece = join(waiting, size);
			[waiting, size] = [[], 0];
			const next = asked();
			answer({ kind: "bytes", bytes: piece }, [piece.buffer]);
			if ((await next) === "stop") return;
		}
		if (size > 0) {
			const next = asked();
			answer({ kind: "bytes", bytes: join(waiting, size) });
			if ((await next) === "stop") return;
		}
		answer({ kind: "end" });
	} finally {
		await snapshot.close();
	}
}

function join(parts: readonly Uint8Array[], size: number): Uint8Array<ArrayBuffer> {
	const whole = new Uint8Array(size);
	let at = 0;
	for (const part of parts) {
		whole.set(part, at);
		at += part.length;
	}
	return whole;
}
