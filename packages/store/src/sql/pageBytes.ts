/** Characters of stored text after which a page ends, however few rows it has: a thousand events may have 128 MB. */
export const PAGE_BYTES = 4 * 1024 * 1024;

/** Rows that are read at a time: the most text that is read beyond the end of a page is theirs. */
export const CHUNK = 32;

/** How many rows a page shows of those that were read: as far as its bytes go, and one in any case. */
export function rowsWithin<Row>(rows: readonly Row[], limit: number, sizeOf: (row: Row) => number): number {
	let size = 0;
	let count = 0;
	while (count < limit && count < rows.length) {
		size += sizeOf(rows[count] as Row);
		if (size > PAGE_BYTES && count > 0) break;
		count++;
	}
	return count;
}
