import type { Answer } from "../ports.ts";

/** Below this many bytes compressing costs more than it saves. */
export const WORTH_COMPRESSING = 1_024;

/** 400 and 415 are about the body as a whole, and bodies are made here: it did not arrive as it was sent. */
export const isUnreadable = ({ status }: Answer): boolean => status === 400 || status === 415;

/** Whether `packed` is a gzip of `length` bytes from its first bytes to its last: the end holds the length. */
export function isWholeGzip(packed: Uint8Array, length: number): boolean {
	if (packed.length < 20 || packed[0] !== 0x1f || packed[1] !== 0x8b) return false;
	return new DataView(packed.buffer, packed.byteOffset).getUint32(packed.length - 4, true) === length >>> 0;
}
