import type { Duration } from "../filter.ts";

const units = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
/** Seven digits of weeks are still exact in ms, and longer ago than anything is dated. */
const shape = /^(\d{1,7})([smhdw])$/;

/** A duration in ms; null where the text is none. */
export function parseDuration(text: Duration): number | null {
	const [, amount, unit] = shape.exec(text) ?? [];
	return amount === undefined ? null : Number(amount) * units[unit as keyof typeof units];
}

/** The same of a checked filter, where it cannot fail. */
export function durationOf(text: Duration): number {
	return parseDuration(text) as number;
}
