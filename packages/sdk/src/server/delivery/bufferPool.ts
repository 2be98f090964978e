import type { BufferPool } from "../ports.ts";
import type { ByteWriter } from "./byteWriter.ts";

/** A quiet client's batch fits into this; a busy one's grows by doubling, then starts at the size that was needed. */
const SMALLEST = 4 * 1024;
/** Buffers kept for reuse: as many as fill and fly together under load, so that a busy queue allocates nothing. */
const KEPT = 48;

/** Recycles batch buffers: the memory of a busy client stays flat, and fresh pages are not touched for every batch. */
export function createBufferPool(bytes: ByteWriter): BufferPool {
	const free: Uint8Array[] = [];
	let usual = SMALLEST;
	return {
		take(size: number): Uint8Array {
			for (let i = free.length - 1; i >= 0; i--) {
				const buffer = free[i] as Uint8Array;
				if (buffer.length < size) continue;
				free[i] = free[free.length - 1] as Uint8Array;
				free.pop();
				return buffer;
			}
			return bytes.allocate(Math.max(size, usual));
		},
		/** `used`: how much of it was needed; the next ones start with that and a quarter more. */
		give(buffer: Uint8Array, used: number): void {
			usual = Math.max(SMALLEST, Math.ceil(used * 1.25));
			if (free.length < KEPT) free.push(buffer);
		},
	};
}
