const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
/** `"batch"` */
const KEY = [0x22, 0x62, 0x61, 0x74, 0x63, 0x68, 0x22];

/** Where one element of `batch` stands in the text, `[start, end)` in bytes, and how deep it nests. */
export interface Element {
	start: number;
	end: number;
	depth: number;
}

/**
 * Finds the elements of the top-level `batch` array in a JSON text without parsing it, in one pass and without
 * recursion. Of several `batch` keys the last counts, as for `JSON.parse`. On text that is no JSON the answer means
 * nothing; the parser will say so.
 */
export function findBatchElements(bytes: Uint8Array): Element[] {
	let elements: Element[] = [];
	let depth = 0;
	let deepest = 0;
	let inBatch = false;
	let isBatchNext = false;
	let start = -1;
	const closeElement = (end: number) => {
		if (start >= 0) elements.push({ start, end: trimEnd(bytes, start, end), depth: deepest });
		start = -1;
		deepest = 0;
	};
	for (let at = 0; at < bytes.length; at++) {
		const byte = bytes[at] as number;
		if (byte <= 0x20) continue;
		if (inBatch && start < 0 && byte !== COMMA && !(byte === 0x5d && depth === 2)) start = at;
		if (byte === QUOTE) {
			const end = endOfString(bytes, at);
			if (depth === 1) isBatchNext = isBatchKey(bytes, at, end);
			at = end;
		} else if ((byte | 0x20) === 0x7b) {
			depth++;
			if (depth === 2 && byte === 0x5b && isBatchNext) {
				inBatch = true;
				elements = [];
			} else if (inBatch && depth - 2 > deepest) deepest = depth - 2;
			if (depth === 2) isBatchNext = false;
		} else if ((byte | 0x20) === 0x7d) {
			if (inBatch && depth === 2) {
				closeElement(at);
				inBatch = false;
			}
			depth--;
		} else if (byte === COMMA) {
			if (inBatch && depth === 2) closeElement(at);
			else if (depth === 1) isBatchNext = false;
		}
	}
	return elements;
}

/** The closing quote of the string that opens at `start`. */
function endOfString(bytes: Uint8Array, start: number): number {
	let at = start + 1;
	while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
	return at;
}

/** Also where it is written with escapes, as `"b\u0061tch"`: at most six bytes for each of its letters. */
function isBatchKey(bytes: Uint8Array, start: number, end: number): boolean {
	if (end - start === KEY.length - 1) return KEY.every((byte, at) => bytes[start + at] === byte);
	if (end - start > 6 * KEY.length || !bytes.subarray(start, end).includes(BACKSLASH)) return false;
	try {
		return JSON.parse(String.fromCharCode(...bytes.subarray(start, end + 1))) === "batch";
	} catch {
		return false;
	}
}

function trimEnd(bytes: Uint8Array, start: number, end: number): number {
	let at = end;
	while (at > start && (bytes[at - 1] as number) <= 0x20) at--;
	return at;
}
