import type { JsonObject } from "../event.ts";
import { limits } from "../limits.ts";
import type { RejectionCode } from "../verdicts.ts";
import { findBatchElements } from "./findBatchElements.ts";
import { findMaxDepth } from "./findMaxDepth.ts";

/** An event that is refused for its size or depth, before anything parses it. */
interface RefusedElement {
	code: RejectionCode;
	detail: string;
	/** The event's text as it came, cut at the event limit. */
	text: string;
}

export interface ParsedBody {
	value: JsonObject;
	/** Elements of `batch` that were refused unparsed; `null` stands in their place in `value.batch`. */
	refused: ReadonlyMap<number, RefusedElement>;
	/** Whether any string may hold a NUL or a lone surrogate, which only an escape can bring in. */
	mayNeedCleaning: boolean;
	/** Bytes of the text. */
	size: number;
}

/** UTF-8 to text; invalid bytes become U+FFFD. */
export type Decode = (bytes: Uint8Array) => string;

/** A body may nest two levels more than its events: itself and `batch`. */
const BODY_DEPTH = limits.depth + 2;
const NOTHING_REFUSED: ReadonlyMap<number, RefusedElement> = new Map();

/**
 * Parses a request body as a JSON object, whatever its content type said. An event in `batch` that is too large or too
 * deep is cut out before the parser sees it, so that it costs its neighbours nothing.
 *
 * @returns the body, or a sentence that says what is wrong with it.
 */
export function parseBody(bytes: Uint8Array, decode: Decode): ParsedBody | string {
	const deep = findMaxDepth(bytes) > BODY_DEPTH;
	let kept = bytes;
	let refused = NOTHING_REFUSED;
	if (deep || bytes.length > limits.eventBytes) {
		const found = refuseElements(bytes, decode);
		if (found) ({ kept, refused } = found);
		if (deep && findMaxDepth(kept) > BODY_DEPTH) return `The body nests deeper than ${limits.depth} levels.`;
	}
	const text = decode(kept);
	let value: unknown;
	try {
		value = JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
	} catch {
		// The parser's own message quotes the body, which may hold personal data.
		return "The body is not valid JSON.";
	}
	if (typeof value !== "object" || value === null || Array.isArray(value)) return "The body must be a JSON object.";
	return { value: value as JsonObject, refused, mayNeedCleaning: text.includes("\\u"), size: bytes.length };
}

function refuseElements(bytes: Uint8Array, decode: Decode) {
	const refused = new Map<number, RefusedElement>();
	const pieces: Uint8Array[] = [];
	let from = 0;
	for (const [index, element] of findBatchElements(bytes).entries()) {
		const verdict = judge(element);
		if (!verdict) continue;
		const text = decode(bytes.subarray(element.start, Math.min(element.end, element.start + limits.eventBytes)));
		refused.set(index, { ...verdict, text });
		pieces.push(bytes.subarray(from, element.start), NULL);
		from = element.end;
	}
	return refused.size === 0 ? null : { refused, kept: concat([...pieces, bytes.subarray(from)]) };
}

function judge({ start, end, depth }: { start: number; end: number; depth: number }) {
	const size = end - start;
	if (size > limits.eventBytes) {
		const detail = `The event has ${size} bytes; ${limits.eventBytes} are allowed. Send less with it.`;
		return { code: "event_too_large", detail } as const;
	}
	if (depth > limits.depth) {
		const detail = `The event nests ${depth} levels deep; ${limits.depth} are allowed. Flatten it.`;
		return { code: "event_too_deep", detail } as const;
	}
	return null;
}

const NULL = Uint8Array.from([0x6e, 0x75, 0x6c, 0x6c]);

function concat(pieces: Uint8Array[]): Uint8Array {
	const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
	let at = 0;
	for (const piece of pieces) {
		whole.set(piece, at);
		at += piece.length;
	}
	return whole;
}
