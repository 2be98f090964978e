import { decodeCursor, encodeCursor } from "@selfsame/store";
import type { Cursor } from "./segmentViews.ts";

/**
 * A page of things that have a unique key, in the order of their keys; the cursor is the last key shown.
 *
 * @param filters what the cursor holds for, besides the kind of list: whose it is as it was asked for, which stays the same
 * when their profile becomes one with another.
 */
export function pageThrough<T>(
	items: readonly T[],
	keyOf: (item: T) => string,
	{ url, filters, limit, next }: { url: string; filters: unknown; limit: number; next?: string },
): { shown: T[]; cursor: Cursor } {
	const list = `segment ${url.slice(url.lastIndexOf("/") + 1)}`;
	const after = next === undefined ? null : (decodeCursor(list, filters, next)[0] as string);
	const sorted = [...items].sort((a, b) => compare(keyOf(a), keyOf(b)));
	const left = after === null ? sorted : sorted.filter((item) => compare(keyOf(item), after) > 0);
	const shown = left.slice(0, limit);
	const last = shown.at(-1);
	const hasMore = left.length > limit;
	const place = hasMore && last !== undefined ? encodeCursor(list, filters, [keyOf(last)]) : "";
	return { shown, cursor: { url, has_more: hasMore, next: place, limit } };
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
