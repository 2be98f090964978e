/** With the `u` flag a surrogate of a pair is part of its character, so this finds only lone ones. */
const loneSurrogate = /\p{Surrogate}/gu;
const REPLACEMENT = "\uFFFD";

/** NUL and lone surrogates, which databases and UTF-8 cannot hold, become U+FFFD. */
export function cleanText(text: string): string {
	return text.replace(loneSurrogate, REPLACEMENT).replaceAll("\0", REPLACEMENT);
}

/**
 * Cleans every string and key of a JSON value, into a copy. Recursive: check the depth first. A key such as
 * `__proto__` stays an own property.
 */
export function cleanDeep(value: unknown): unknown {
	if (typeof value === "string") return cleanText(value);
	if (typeof value !== "object" || value === null) return value;
	if (Array.isArray(value)) return value.map(cleanDeep);
	return Object.fromEntries(Object.entries(value).map(([key, inner]) => [cleanText(key), cleanDeep(inner)]));
}
