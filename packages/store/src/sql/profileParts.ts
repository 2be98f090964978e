import { insideSpan, type OwnedSpan } from "./ownership.ts";
import type { Value } from "./work.ts";

/** What a profile is made of, at whatever time: its present members, and all the stretches that it owns. */
export interface ProfileParts {
	owned: OwnedSpan[];
	/** Only events dated at or before it count, ms. */
	asOf?: number;
}

export const iso = (ms: number) => new Date(ms).toISOString();

export const isWhole = ({ from, to }: OwnedSpan) => !from && !to;

/** The condition that an event row `e` is inside a span, as of a time, with its values; `row` as in `insideSpan`. */
export function insideSpanAsOf(
	span: OwnedSpan,
	asOf: number | undefined,
	row = "e",
): { where: string; values: Value[] } {
	const inside = insideSpan(span, row);
	if (asOf === undefined) return inside;
	return { where: `${inside.where} AND ${row}.ts <= ?`, values: [...inside.values, asOf] };
}
