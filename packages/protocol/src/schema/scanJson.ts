const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const ZERO = 0x30;
const NINE = 0x39;

export interface JsonScan {
	/** Levels of arrays and objects. */
	depth: number;
	/** How many arrays and objects there are. */
	containers: number;
	/** Whether a number may be larger than JavaScript holds exactly: it has 16 digits, or an exponent. */
	hasWideNumber: boolean;
}

/**
 * What a JSON text holds that must be known before it is parsed, without parsing it. Looks at each byte once and keeps no
 * stack, so that hostile nesting costs nothing; on text that is no JSON the answer means nothing, and `JSON.parse` will
 * say so.
 */
export function scanJson(bytes: Uint8Array): JsonScan {
	let depth = 0;
	let deepest = 0;
	let containers = 0;
	let hasWideNumber = false;
	const end = bytes.length;
	for (let at = 0; at < end; at++) {
		const byte = bytes[at] as number;
		if (byte === QUOTE) {
			at++;
			while (at < end && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
			// `{` 7b, `}` 7d, `[` 5b, `]` 5d: with bit 5 set the pairs fall together.
		} else if ((byte | 0x20) === 0x7b) {
			containers++;
			if (++depth > deepest) deepest = depth;
		} else if ((byte | 0x20) === 0x7d) depth--;
		else if (byte >= ZERO && byte <= NINE) {
			const last = endOfNumber(bytes, at);
			if (last - at >= 2) hasWideNumber ||= isWide(bytes, at, last);
			at = last;
		}
	}
	return { depth: deepest, containers, hasWideNumber };
}

/** The last byte of the number that `start` is in: digits, a point, an exponent. */
function endOfNumber(bytes: Uint8Array, start: number): number {
	let at = start;
	while (at + 1 < bytes.length && isOfNumber(bytes[at + 1] as number)) at++;
	return at;
}

function isOfNumber(byte: number): boolean {
	// `+` 2b, `-` 2d, `.` 2e, `E` and `e`.
	return (byte >= ZERO && byte <= NINE) || byte === 0x2e || (byte | 0x20) === 0x65 || byte === 0x2b || byte === 0x2d;
}

function isWide(bytes: Uint8Array, start: number, last: number): boolean {
	let digits = 0;
	let hasPoint = false;
	for (let at = start; at <= last; at++) {
		const byte = bytes[at] as number;
		if (byte === 0x2e) {
			hasPoint = true;
			if (digits >= 300) return true;
		} else if ((byte | 0x20) === 0x65) {
			return bytes[at + 1] !== 0x2d;
		} else digits++;
	}
	return !hasPoint && digits >= 16;
}
