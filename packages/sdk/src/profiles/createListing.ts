import type { Page } from "./generated.ts";

/** One page of a list. */
export interface PageOf<T> {
	data: T[];
	page: Page;
}

/** A list that is read as it is gone through: `for await (const item of listing)`. */
export interface Listing<T> extends AsyncIterable<T> {
	/** One page: the first, or the one at `page.next` of another. */
	page(cursor?: string): Promise<PageOf<T>>;
	/** All of it, in one array. */
	all(): Promise<T[]>;
}

/** @param read reads one page; null is the first. */
export function createListing<T>(read: (cursor: string | null) => Promise<PageOf<T>>): Listing<T> {
	async function* iterate(): AsyncGenerator<T> {
		let cursor: string | null = null;
		do {
			const { data, page }: PageOf<T> = await read(cursor);
			yield* data;
			cursor = page.next;
		} while (cursor !== null);
	}
	return {
		[Symbol.asyncIterator]: iterate,
		page: (cursor) => read(cursor ?? null),
		async all() {
			const items: T[] = [];
			for await (const item of iterate()) items.push(item);
			return items;
		},
	};
}
