import { RequestError } from "../problem.ts";
import type { Cursor } from "./segmentViews.ts";

/** A page of things that have a unique key, in the order of their keys; the cursor is the last key shown. */
export function pageThrough<T>(
	items: readonly T[],
	keyOf: (item: T) => string,
	{ url, limit, next }: { url: string; limit: number; next?: string },
): { shown: T[]; cursor: Cursor } {
	const after = next === undefined ? null : decode(next);
	const sorted = [...items].sort((a, b) => compare(keyOf(a), keyOf(b)));
	const left = after === null ? sorted : sorted.filter((item) => compare(keyOf(item), after) > 0);
	const shown = left.slice(0, limit);
	const last = shown.at(-1);
	const hasMore = left.length > limit;
	return {
		shown,
		cursor: { url, has_more: hasMore, next: hasMore && last !== undefined ? encode(keyOf(last)) : "", limit },
	};
}

const encode = (key: string) => Buffer.from(JSON.stringify([key])).toString("base64url");

function decode(next: string): string {
	try {
		const [key] = JSON.parse(Buffer.from(next, "base64url").toString("utf8")) as unknown[];
		if (typeof key === "string") return key;
	} catch {
		// Answered below, as all that is none.
	}
	throw new RequestError("invalid_cursor", "Use the `next` of a page before, or leave it out.");
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
