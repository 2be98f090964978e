import { type Batch, DELIVERED, dropped } from "../delivery/batch.ts";
import type { ByteWriter } from "../delivery/byteWriter.ts";
import { DeliveryError } from "../delivery/deliveryError.ts";
import type { BatchSpool, Spool, SpooledQueue } from "../ports.ts";
import { loadSegment } from "./loadSegment.ts";

const COMMA = 44;
const NEWLINE = 10;

export interface SpoolBatchesOptions {
	flushAt: number;
	maxBatchBytes: number;
	bytes: ByteWriter;
	tell(error: Error): void;
}

/** Puts batches into segments of a spool and reads them back. */
export function spoolBatches(spool: Spool, { tell, bytes, ...limits }: SpoolBatchesOptions): BatchSpool {
	function write(batch: Batch, start: number): void {
		if (batch.unspooled) return;
		const data = batch.data as Uint8Array;
		// A line on disk, an element of an array in memory: the separator is the only byte that differs.
		data[batch.length - 1] = NEWLINE;
		const segment = spool.append(batch.segment, data.subarray(start, batch.length));
		data[batch.length - 1] = COMMA;
		if (segment === undefined) batch.unspooled = true;
		else batch.segment = segment;
	}

	async function load(batch: Batch, queue: SpooledQueue): Promise<boolean> {
		const segment = batch.segment as string;
		try {
			const data = await spool.read(segment);
			if (batch.state === "ended") return false;
			if (batch.count > 0) {
				if (data.length < batch.length) throw new Error("the file is shorter than what was written to it");
				batch.data = data;
				for (const at of batch.ends) data[at - 1] = COMMA;
				queue.restored(batch, 0);
				return true;
			}
			const torn = loadSegment(batch, data, limits, bytes);
			if (torn > 0) tell(new DeliveryError(`spool: left out ${torn} torn record(s) of ${segment}`, 0));
			queue.restored(batch, batch.count);
			if (batch.count > 0) return true;
			queue.end(batch, DELIVERED);
		} catch (error) {
			tell(new DeliveryError(`spool: cannot read ${segment}`, 0, error));
			queue.end(batch, dropped("spool_unreadable"));
		}
		return false;
	}

	return { write, load, recover: spool.recover, seal: spool.seal, remove: spool.remove, release: spool.release };
}
