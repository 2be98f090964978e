import type { Range } from "./batch.ts";

/** The number of events in the ranges. */
export function remaining(ranges: readonly Range[]): number {
	let sum = 0;
	for (const { from, to } of ranges) sum += to - from;
	return sum;
}

/** Takes one index out of the ranges. */
export function cut(ranges: Range[], index: number): void {
	const at = ranges.findIndex(({ from, to }) => index >= from && index < to);
	const range = ranges[at];
	if (!range) return;
	const after = { from: index + 1, to: range.to };
	range.to = index;
	ranges.splice(at, 1, ...[range, after].filter(({ from, to }) => from < to));
}
