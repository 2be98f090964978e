import type { Batch, Outcome } from "./delivery/batch.ts";
import type { ByteWriter } from "./delivery/byteWriter.ts";

/** What the delivery engine needs from its runtime. Tests pass a fake clock and a lossy transport through the same port. */
export interface Ports {
	/** The wall clock, ms since 1970: what events and requests are dated with. It may step, so it measures nothing. */
	now(): number;
	/** ms on a clock that only goes forward: what all waiting is measured with. */
	elapsed(): number;
	/** A number in [0, 1): the jitter of retries. */
	random(): number;
	/** Calls `run` once after `ms`; the answer cancels it. A timer must not keep the process alive. */
	schedule(run: () => void, ms: number): () => void;
	/** Calls `run` soon, after the code that is running now, so that calls made together leave together. */
	soon(run: () => void): void;
	bytes: ByteWriter;
	/** Buffers used again; without it every batch has a new one. */
	pool?: BufferPool;
	/** One attempt. A network failure or a timeout is status 0; so is a rejection. */
	send(request: BatchRequest): Promise<Answer>;
	/** Events on disk; without it the queue lives in memory alone. */
	spool?: BatchSpool;
}

export interface BatchRequest {
	/** The JSON body of `POST /v1/batch`, not yet compressed. */
	body: Uint8Array;
	/** Ends the attempt when the client is closed. */
	signal: AbortSignal;
	/** Failed attempts of this batch so far. */
	retries: number;
}

export interface Answer {
	/** HTTP status; 0 for a network failure or a timeout. */
	status: number;
	/** The `Retry-After` header as it came. */
	retryAfter?: string | null | undefined;
	/** The body; undefined where there was none. */
	text?: string;
	contentType?: string | null | undefined;
	/** What went wrong, where status is 0. */
	error?: unknown;
}

export interface BufferPool {
	/** A buffer of at least `size` bytes. */
	take(size: number): Uint8Array;
	/** `used`: how much of it was needed. */
	give(buffer: Uint8Array, used: number): void;
}

/** What the spool tells the queue. */
export interface SpooledQueue {
	/** `events` of the batch are new to the queue. */
	restored(batch: Batch, events: number): void;
	end(batch: Batch, outcome: Outcome): void;
}

/** The spool as the queue sees it. Edges have no disk, so none of it is in their entry (`spoolBatches`). */
export interface BatchSpool extends Pick<Spool, "recover" | "seal" | "remove" | "release"> {
	/** Appends the events of a batch from byte `start` on. */
	write(batch: Batch, start: number): void;
	/**
	 * Brings the bytes of a batch back, or ends it where there are none. False: it has ended.
	 */
	load(batch: Batch, queue: SpooledQueue): Promise<boolean>;
}

/** The disk copy of a queue: one segment a batch, one line an event. Failures are told through `on("error")`, never thrown. */
export interface Spool {
	/** Most bytes the spool may hold. */
	readonly maxBytes: number;
	/** Segments that earlier processes left behind, oldest first. */
	recover(): { segment: string; bytes: number }[];
	/** Appends whole lines and returns once the operating system has them. Answers with the segment's name. */
	append(segment: string | undefined, lines: Uint8Array): string | undefined;
	/** No more lines will come. */
	seal(segment: string): void;
	read(segment: string): Promise<Uint8Array>;
	/** Every event of it has ended. */
	remove(segment: string): void;
	/** Gives up the lock; what is left belongs to the next process. */
	release(): void;
}
