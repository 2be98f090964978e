import type { Batch, Range } from "./batch.ts";
import type { ByteWriter } from "./byteWriter.ts";

const PREFIX = '{"batch":[';

/** The body of `POST /v1/batch` for a run of a batch's events. `sentAt`: ms since 1970. */
export function composeBody(batch: Batch, { from, to }: Range, sentAt: number, bytes: ByteWriter): Uint8Array {
	const events = batch.slice(from, to);
	const suffix = `],"sentAt":"${new Date(sentAt).toISOString()}"}`;
	const body = bytes.allocate(PREFIX.length + events.length + suffix.length);
	bytes.write(body, PREFIX, 0);
	body.set(events, PREFIX.length);
	bytes.write(body, suffix, PREFIX.length + events.length);
	return body;
}
