import type { IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { gunzip, gunzipSync } from "node:zlib";
import { limits } from "@selfsame/protocol";
import { RequestError } from "../problem.ts";

const gunzipLater = promisify(gunzip);
/** Asked before a body is kept that is this many bytes long so far. */
export type MayGrow = (size: number) => boolean;
/** Below this, handing the work to another thread costs more than doing it. */
const GUNZIP_AT_ONCE = 16 * 1024;

/** ms that a body may take to arrive. */
const DEADLINE = 15_000;

/**
 * Reads a request body straight from its socket, and never more of it than the limit.
 *
 * @throws RequestError `too_large`, `overloaded`, `request_timeout`, or `invalid_json` when it breaks off.
 */
export async function readIncoming(incoming: IncomingMessage, mayGrow: MayGrow): Promise<Buffer> {
	return readArrived(incoming) ?? readArriving(incoming, mayGrow);
}

/** A small body is there as soon as its headers are, and is not waited for. It is within its declared, admitted length. */
function readArrived(incoming: IncomingMessage): Buffer | null {
	if (incoming.readableLength === 0 || incoming.headers["content-length"] !== `${incoming.readableLength}`) return null;
	const body: Buffer = incoming.read();
	incoming.resume();
	return body;
}

function readArriving(incoming: IncomingMessage, mayGrow: MayGrow): Promise<Buffer> {
	return new Promise((resolve, reject) => {
		const declared = Number(incoming.headers["content-length"] ?? 0);
		// Where the length is known there is one buffer for all, and each chunk is gone at once.
		const all = declared > 0 && declared <= limits.bodyBytes ? Buffer.allocUnsafeSlow(declared) : null;
		const chunks: Buffer[] = [];
		let size = 0;
		const timer = setTimeout(
			() => finish(new RequestError("request_timeout", "Send the body faster.", { connection: "close" })),
			DEADLINE,
		);
		function finish(error?: RequestError) {
			clearTimeout(timer);
			incoming.off("data", onData).off("end", onEnd).off("error", onBreak).off("close", onBreak);
			if (error) {
				// The rest is read and dropped: a sender that is cut off while it writes never sees the answer.
				incoming.resume();
				reject(error);
			} else resolve(all?.subarray(0, size) ?? Buffer.concat(chunks, size));
		}
		function onData(chunk: Buffer) {
			const before = size;
			size += chunk.length;
			if (size > limits.bodyBytes) finish(tooLarge());
			else if (!mayGrow(size)) finish(overloaded());
			else if (all) chunk.copy(all, before);
			else chunks.push(chunk);
		}
		const onEnd = () => finish();
		const onBreak = () => finish(new RequestError("invalid_json", "The body broke off. Send it again."));
		incoming.on("data", onData).on("end", onEnd).on("error", onBreak).on("close", onBreak);
	});
}

/** The same for a request that did not come from a socket. */
export async function readStream(
	stream: ReadableStream<Uint8Array> | null,
	mayGrow: MayGrow = () => true,
): Promise<Buffer> {
	const chunks: Uint8Array[] = [];
	let size = 0;
	for await (const chunk of stream ?? []) {
		size += chunk.length;
		if (size > limits.bodyBytes) throw tooLarge();
		if (!mayGrow(size)) throw overloaded();
		chunks.push(chunk);
	}
	return Buffer.concat(chunks, size);
}

/** Whether a body begins as gzip does, whatever the headers say. */
export const isGzip = (body: Buffer): boolean => body[0] === 0x1f && body[1] === 0x8b;

/** Decompresses a body, and stops at the limit. */
export async function inflate(body: Buffer): Promise<Buffer> {
	const options = { maxOutputLength: limits.bodyBytes };
	try {
		return body.length < GUNZIP_AT_ONCE ? gunzipSync(body, options) : await gunzipLater(body, options);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge();
		throw new RequestError("invalid_json", "The body begins as gzip does, and is not valid gzip.");
	}
}

/** More than this is not read even to be dropped. */
const MAX_DROPPED = 64 * 1024 * 1024;

/** @param declared what the sender says the body has, in bytes. */
export function tooLarge(declared = 0): RequestError {
	const detail = `A body may have ${limits.bodyBytes} bytes after decompression. Send smaller batches.`;
	return new RequestError("too_large", detail, declared > MAX_DROPPED ? { connection: "close" } : {});
}

export function overloaded(): RequestError {
	const detail = "Too much is in flight. Send it again after the seconds that Retry-After says.";
	return new RequestError("overloaded", detail, { "retry-after": "1" });
}
