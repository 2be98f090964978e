const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * How deeply a JSON text nests, without parsing it. Looks at each byte once and keeps no stack, so that hostile
 * nesting costs nothing; on text that is no JSON the answer means nothing, and `JSON.parse` will say so.
 */
export function findMaxDepth(bytes: Uint8Array): number {
	let depth = 0;
	let deepest = 0;
	const end = bytes.length;
	for (let at = 0; at < end; at++) {
		const byte = bytes[at] as number;
		if (byte === QUOTE) {
			at++;
			while (at < end && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
			// `{` 7b, `}` 7d, `[` 5b, `]` 5d: with bit 5 set the pairs fall together.
		} else if ((byte | 0x20) === 0x7b) {
			if (++depth > deepest) deepest = depth;
		} else if ((byte | 0x20) === 0x7d) depth--;
	}
	return deepest;
}
