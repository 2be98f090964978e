/** How `JSON.stringify` writes what it cannot say, and what may also be meant: such a text is written once more. */
const DOUBTFUL = /[:[,](?:null|\{\})/;
/** Objects whose content JSON does not show: it writes all of them as `{}`. */
const OPAQUE = /^(?:Weak)?(?:Map|Set|Ref)$|Promise|RegExp|Error|ArrayBuffer|DataView|Iterator/;
/** Levels that are looked at: more than the collector takes of an event (100), less than any call stack holds. */
const DEPTH = 200;

/** Told of each value that was left out: its path, such as `traits.ltv`, and what it is, such as `NaN`. */
export type TellLeftOut = (path: string, what: string) => void;

/**
 * An object as JSON text, without what JSON cannot say: NaN, Infinity, dates that are none, BigInt, functions, Map and Set,
 * cycles, getters and `toJSON` that throw. `JSON.stringify` would write `null` for some of them, which removes a trait.
 * A `null` that the caller wrote stays. In an array `null` takes the place, since places have a meaning there.
 * Never throws. The text of a value without doubtful parts costs no more than `JSON.stringify`.
 */
export function jsonText(value: object, tell: TellLeftOut): string {
	try {
		const text = JSON.stringify(value);
		if (text?.startsWith("{") && !DOUBTFUL.test(text)) return text;
	} catch {
		// A cycle, a BigInt, a getter that throws: the copy leaves it out.
	}
	const copy = copyOf(value, "", "", [], tell);
	// What a `toJSON` of its own made into something else than an object has no fields to go into an event.
	return typeof copy === "object" ? JSON.stringify(copy) : "{}";
}

/** Undefined: left out, as `JSON.stringify` leaves it out of an object and writes `null` for it in an array. */
function copyOf(given: unknown, key: string, path: string, above: unknown[], tell: TellLeftOut): unknown {
	let value = given;
	let what: string | undefined;
	try {
		const { toJSON } = (given ?? 0) as { toJSON?: unknown };
		if (typeof given === "object" && typeof toJSON === "function") value = toJSON.call(given, key);
	} catch {
		what = "toJSON() throws";
	}
	const tag = Object.prototype.toString.call(value).slice(8, -1);
	if (/^(?:Number|String|Boolean)$/.test(tag)) value = (value as object).valueOf();
	const kind = typeof value;
	if (kind === "number" && !Number.isFinite(value)) what = `${value}`;
	else if (kind === "bigint" || kind === "function" || kind === "symbol") what = kind;
	else if (value === null) what = given === null ? what : "an invalid date, or another toJSON() without a value";
	else if (OPAQUE.test(tag)) what = tag;
	else if (above.includes(value)) what = "a cycle";
	else if (above.length > DEPTH) what = "nested too deep";
	if (what) return void tell(path, what);
	if (kind !== "object" || value === null) return value;
	const below = [...above, value];
	if (Array.isArray(value)) return value.map((it, i) => copyOf(it, `${i}`, `${path}[${i}]`, below, tell));
	// Without a prototype a key named `__proto__` is a key like any other.
	const copy = Object.create(null) as Record<string, unknown>;
	for (const name of Object.keys(value as object)) {
		const place = path ? `${path}.${name}` : name;
		try {
			copy[name] = copyOf((value as Record<string, unknown>)[name], name, place, below, tell);
		} catch {
			tell(place, "a getter that throws");
		}
	}
	return copy;
}
