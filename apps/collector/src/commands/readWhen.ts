import { parseTime } from "@selfsame/protocol/schema";

const units: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** An instant, ms: an ISO 8601 date, or how long ago, such as `90m`, `4h` or `2d`. @throws an error that says so. */
export function readWhen(option: string, text: string, now: number): number {
	const [, count, unit = ""] = /^(\d+)([smhd])$/.exec(text) ?? [];
	const time = count === undefined ? parseTime(text) : parseTime(now - Number(count) * (units[unit] as number));
	if (time !== null) return time;
	throw new Error(`${option} must be a date such as 2026-01-31T12:00:00Z, or how long ago, such as 90m, 4h or 2d.`);
}
