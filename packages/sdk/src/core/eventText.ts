/** How `JSON.stringify` writes what it cannot say, and what may also be meant. */
const DOUBTFUL = /[:[,](null|\{\})/;

/**
 * An event as JSON text, without what JSON cannot say: NaN, invalid dates, BigInt, functions, DOM nodes, Map and Set, cycles,
 * getters that throw. `JSON.stringify` would write `null` for some of them, which removes a trait, and give up at others.
 * A `null` of the caller's stays; in an array it holds the place of what was left out. Never throws. `tell` is given the
 * key of each value that was left out.
 */
export function eventText(event: object, tell: (key: string) => void): string {
	try {
		const text = JSON.stringify(event);
		if (!DOUBTFUL.test(text)) return text;
	} catch {}
	return JSON.stringify(copy(event, "", []));

	// biome-ignore lint/suspicious/noExplicitAny: a caller's value may be anything
	function copy(given: any, key: string, above: unknown[]): unknown {
		let value = given;
		try {
			if (typeof given === "object" && given?.toJSON) value = given.toJSON();
		} catch {
			value = null;
		}
		const isArray = Array.isArray(value);
		if (isArray || Object.prototype.toString.call(value) === "[object Object]") {
			if (!above.includes(value) && !above[99]) {
				// Without a prototype a key named `__proto__` is a key like any other.
				const result = isArray ? [] : Object.create(null);
				for (const name of Object.keys(value)) {
					try {
						result[name] = copy(value[name], name, [...above, value]);
					} catch {
						tell(name);
					}
				}
				return result;
			}
		} else if (value == null ? value === given : /^[sb]\w*[gn]$/.test(typeof value) || Number.isFinite(value))
			return value;
		tell(key);
		return undefined;
	}
}
