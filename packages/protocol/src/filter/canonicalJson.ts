import type { Json } from "../event.ts";

/** A text that two JSON values share exactly where they are the same, whatever the order of their keys. */
export function canonicalJson(value: Json): string {
	return JSON.stringify(value, (_, inner: Json) =>
		typeof inner === "object" && inner !== null && !Array.isArray(inner)
			? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
			: inner,
	);
}
