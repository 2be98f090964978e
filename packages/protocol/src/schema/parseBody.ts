import type { JsonObject } from "../event.ts";
import { limits } from "../limits.ts";
import type { RejectionCode } from "../verdicts.ts";
import { type Element, findBatchElements } from "./findBatchElements.ts";
import { scanJson } from "./scanJson.ts";

/** An event that is refused for its size, depth or text, before it is parsed with its neighbours. */
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
	/** Whether a number may be larger than JavaScript holds exactly (see `checkNumbers`). */
	hasWideNumber: boolean;
	/** Bytes of the text. */
	size: number;
}

/** A body that is refused as a whole. */
export interface RefusedBody {
	code: "invalid_json" | "too_large";
	detail: string;
}

/** UTF-8 to text; invalid bytes become U+FFFD. */
export type Decode = (bytes: Uint8Array) => string;

/** A body may nest two levels more than its events: itself and `batch`. */
const BODY_DEPTH = limits.depth + 2;

/**
 * Parses a request body as a JSON object, whatever its content type said. An event in `batch` that is too large, too deep
 * or no JSON is cut out first, so that it costs its neighbours nothing.
 *
 * @returns the body, or why it is refused.
 */
export function parseBody(bytes: Uint8Array, decode: Decode): ParsedBody | RefusedBody {
	const scan = scanJson(bytes);
	if (scan.containers > limits.bodyContainers) {
		const detail = `The body has ${scan.containers} arrays and objects; ${limits.bodyContainers} are allowed. Send smaller batches.`;
		return { code: "too_large", detail };
	}
	const plain: Kept = { kept: bytes, refused: new Map() };
	let found = plain;
	if (scan.depth > BODY_DEPTH || bytes.length > limits.eventBytes) {
		const elements = findBatchElements(bytes);
		// Counted before they are parsed: 4 MiB hold a million empty arrays.
		if (elements.length > limits.batchElements) return tooManyElements(elements.length);
		found = refuseElements(bytes, elements, decode, judgeShape);
	}
	if (scan.depth > BODY_DEPTH && scanJson(found.kept).depth > BODY_DEPTH) {
		return { code: "invalid_json", detail: `The body nests deeper than ${limits.depth} levels.` };
	}
	const parsed = parseObject(found, decode, bytes) ?? parseObject(withoutInvalid(found, decode), decode, bytes);
	// The parser's own message quotes the body, which may hold personal data.
	if (!parsed) return { code: "invalid_json", detail: "The body is not valid JSON." };
	if (typeof parsed === "string") return { code: "invalid_json", detail: parsed };
	return { ...parsed, hasWideNumber: scan.hasWideNumber };
}

/** How many elements `batch` has, as far as one request may have them. */
export function tooManyElements(count: number): RefusedBody {
	const detail = `The batch has ${count} elements; ${limits.batchEvents} events are allowed. Send several batches.`;
	return { code: "too_large", detail };
}

interface Kept {
	kept: Uint8Array;
	refused: Map<number, RefusedElement>;
}

/** Null where the text is no JSON, a sentence where it is no object. */
function parseObject({ kept, refused }: Kept, decode: Decode, bytes: Uint8Array) {
	const text = decode(kept);
	let value: unknown;
	try {
		value = JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
	} catch {
		return null;
	}
	if (typeof value !== "object" || value === null || Array.isArray(value)) return "The body must be a JSON object.";
	return { value: value as JsonObject, refused, mayNeedCleaning: text.includes("\\u"), size: bytes.length };
}

/** Cuts the events out that are no JSON by themselves. Only a body that did not parse gets here. */
function withoutInvalid({ kept, refused }: Kept, decode: Decode): Kept {
	const more = refuseElements(kept, findBatchElements(kept), decode, ({ start, end }) => {
		try {
			JSON.parse(decode(kept.subarray(start, end)));
			return null;
		} catch {
			const detail = "The event is not valid JSON: look for NaN, Infinity, single quotes and line breaks in strings.";
			return { code: "invalid_json", detail } as const;
		}
	});
	return { kept: more.kept, refused: new Map([...refused, ...more.refused]) };
}

type Judge = (element: Element) => Omit<RefusedElement, "text"> | null;

function refuseElements(bytes: Uint8Array, elements: Element[], decode: Decode, judge: Judge): Kept {
	const refused = new Map<number, RefusedElement>();
	const pieces: Uint8Array[] = [];
	let from = 0;
	for (const [index, element] of elements.entries()) {
		const verdict = judge(element);
		if (!verdict) continue;
		const text = decode(bytes.subarray(element.start, Math.min(element.end, element.start + limits.eventBytes)));
		refused.set(index, { ...verdict, text });
		pieces.push(bytes.subarray(from, element.start), NULL);
		from = element.end;
	}
	return { refused, kept: refused.size === 0 ? bytes : concat([...pieces, bytes.subarray(from)]) };
}

function judgeShape({ start, end, depth }: Element) {
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
