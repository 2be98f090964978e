import type { IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { gunzip, gunzipSync } from "node:zlib";
import { limits } from "@selfsame/protocol";
import { cutOff } from "../connections.ts";
import { RequestError } from "../problem.ts";
import type { Loan } from "./createByteBudget.ts";

const gunzipLater = promisify(gunzip);
/** Below this, handing the work to another thread costs more than doing it. */
const GUNZIP_AT_ONCE = 16 * 1024;

/** ms that a body may take to arrive. */
const DEADLINE = 15_000;
/** Bytes of the first buffer of a body that arrives in pieces. It grows to twice its size: at most that is not paid for. */
const FIRST_BUFFER = 4 * 1024;
/** Each piece costs as much as some hundred bytes, so that a body may not come byte by byte. */
const MANY_PIECES = 1_024;
const LEAST_PIECE = 32;

export interface BodyOptions {
	/** Pays for the bytes. */
	loan: Loan;
	/** Bytes that the body may have. */
	most: number;
}

/**
 * Reads a request body straight from its socket, and never more of it than the limit.
 *
 * @throws RequestError `too_large`, `overloaded`, `request_timeout`, or `invalid_json` when it breaks off.
 */
export async function readIncoming(incoming: IncomingMessage, options: BodyOptions): Promise<Buffer> {
	return readArrived(incoming, options) ?? readArriving(incoming, options);
}

/** A small body is there as soon as its headers are, and is not waited for. */
function readArrived(incoming: IncomingMessage, { loan }: BodyOptions): Buffer | null {
	const size = incoming.readableLength;
	if (size === 0 || incoming.headers["content-length"] !== `${size}`) return null;
	if (!loan.growTo(size)) throw overloaded();
	const body: Buffer = incoming.read();
	incoming.resume();
	return body;
}

function readArriving(incoming: IncomingMessage, { loan, most }: BodyOptions): Promise<Buffer> {
	return new Promise((resolve, reject) => {
		const body = createGrowingBuffer(loan, Number(incoming.headers["content-length"] ?? 0), most);
		const timer = setTimeout(() => finish(tooSlow("Send the body faster.")), DEADLINE);
		loan.onGivenUp = () => finish(overloaded());
		function finish(error?: RequestError) {
			clearTimeout(timer);
			incoming.off("data", onData).off("end", onEnd).off("error", onBreak).off("close", onBreak);
			loan.complete();
			if (error) {
				// The rest is read and dropped: a sender that is cut off while it writes never sees the answer. Not so a flood of
				// pieces, which would cost as much dropped as kept.
				if (body.isFlood()) cutOff(incoming.socket);
				else incoming.resume();
				reject(error);
			} else resolve(body.whole());
		}
		function onData(chunk: Buffer) {
			const error = body.add(chunk);
			if (error) finish(error);
		}
		const onEnd = () => finish();
		const onBreak = () => finish(new RequestError("invalid_json", "The body broke off. Send it again."));
		incoming.on("data", onData).on("end", onEnd).on("error", onBreak).on("close", onBreak);
	});
}

/** One buffer for all pieces, which are gone at once: a list of them would take a hundred bytes for each that has one. */
function createGrowingBuffer(loan: Loan, declared: number, most: number) {
	const end = declared > 0 ? Math.min(declared, most) : most;
	let buffer: Buffer | null = null;
	let size = 0;
	let pieces = 0;

	const isFlood = () => pieces > MANY_PIECES && size < pieces * LEAST_PIECE;

	function grow(): boolean {
		const capacity = Math.min(end, Math.max(size, (buffer?.length ?? FIRST_BUFFER / 2) * 2));
		if (!loan.growTo(capacity)) return false;
		const larger = Buffer.allocUnsafeSlow(capacity);
		buffer?.copy(larger);
		buffer = larger;
		return true;
	}

	return {
		/** Why the body is refused, with this piece of it. */
		add(chunk: Buffer): RequestError | null {
			const before = size;
			size += chunk.length;
			if (size > most) return tooLarge(0, most);
			pieces += 1;
			if (most < limits.bodyBytes && isFlood()) return tooSlow("Send the body in larger pieces.");
			if (size > (buffer?.length ?? 0) && !grow()) return overloaded();
			chunk.copy(buffer as unknown as Buffer, before);
			return null;
		},
		isFlood,
		whole: (): Buffer => buffer?.subarray(0, size) ?? Buffer.alloc(0),
	};
}

function tooSlow(detail: string): RequestError {
	return new RequestError("request_timeout", detail, { connection: "close" });
}

/** The same for a request that did not come from a socket. */
export async function readStream(
	stream: ReadableStream<Uint8Array> | null,
	{ loan, most }: BodyOptions,
): Promise<Buffer> {
	const body = createGrowingBuffer(loan, 0, most);
	for await (const chunk of stream ?? []) {
		const error = body.add(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
		if (error) throw error;
	}
	return body.whole();
}

/** Whether a body begins as gzip does, whatever the headers say. */
export const isGzip = (body: Buffer): boolean => body[0] === 0x1f && body[1] === 0x8b;

/** Decompresses a body, and stops at the limit. */
export async function inflate(body: Buffer, most: number = limits.bodyBytes): Promise<Buffer> {
	const options = { maxOutputLength: most };
	try {
		return body.length < GUNZIP_AT_ONCE ? gunzipSync(body, options) : await gunzipLater(body, options);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(0, most);
		throw new RequestError("invalid_json", "The body begins as gzip does, and is not valid gzip.");
	}
}

/** More than this is not read even to be dropped. */
const MAX_DROPPED = 64 * 1024 * 1024;

/**
 * @param declared what the sender says the body has, in bytes.
 * @param most what it may have.
 */
export function tooLarge(declared = 0, most: number = limits.bodyBytes): RequestError {
	const detail =
		most < limits.bodyBytes
			? `A body whose key is in neither a header nor \`?writeKey=\` may have ${most} bytes after decompression. Send the key there, or smaller batches.`
			: `A body may have ${most} bytes after decompression. Send smaller batches.`;
	return new RequestError("too_large", detail, declared > MAX_DROPPED ? { connection: "close" } : {});
}

export function overloaded(): RequestError {
	const detail = "Too much is in flight. Send it again after the seconds that Retry-After says.";
	return new RequestError("overloaded", detail, { "retry-after": "1" });
}
