import type { Batch } from "../delivery/batch.ts";
import type { ByteWriter } from "../delivery/byteWriter.ts";

/**
 * Reads a segment of an earlier process into its batch. A process that was killed in the middle of a write leaves a torn
 * last record, a failing disk may leave others: a line that is not JSON is left out, since it would fail the whole
 * batch. Answers with how many were.
 */
export function loadSegment(
	batch: Batch,
	data: Uint8Array,
	{ flushAt, maxBatchBytes }: { flushAt: number; maxBatchBytes: number },
	bytes: ByteWriter,
): number {
	const kept = bytes.allocate(data.length + 1);
	let torn = 0;
	let rangeStart = 0;
	for (let start = 0; start < data.length; ) {
		const newline = data.indexOf(10, start);
		const end = newline < 0 ? data.length : newline;
		const line = data.subarray(start, end);
		start = end + 1;
		if (line.length === 0) continue;
		if (!isJsonObject(bytes.text(line))) {
			torn++;
			continue;
		}
		// The file may have been written under larger limits than ours.
		const range = batch.ranges.at(-1);
		if (!range || range.to - range.from >= flushAt || batch.length + line.length + 1 - rangeStart > maxBatchBytes) {
			batch.ranges.push({ from: batch.count, to: batch.count });
			rangeStart = batch.length;
		}
		kept.set(line, batch.length);
		batch.length += line.length;
		kept[batch.length++] = 44;
		batch.ends.push(batch.length);
		(batch.ranges.at(-1) as { to: number }).to = ++batch.count;
	}
	batch.data = kept;
	return torn;
}

function isJsonObject(text: string): boolean {
	try {
		const value: unknown = JSON.parse(text);
		return typeof value === "object" && value !== null && !Array.isArray(value);
	} catch {
		return false;
	}
}
