import type { Json } from "../event.ts";

/** What stands at some keys inside a value. Undefined where nothing does, and where null does: null is no value. */
export function readPath(value: Json | undefined, keys: readonly string[]): Json | undefined {
	let inner = value;
	for (const key of keys) {
		if (typeof inner !== "object" || inner === null || Array.isArray(inner)) return undefined;
		inner = Object.hasOwn(inner, key) ? inner[key] : undefined;
	}
	return inner ?? undefined;
}
