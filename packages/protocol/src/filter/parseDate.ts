import { parseTime } from "../schema/parseTime.ts";

/** Only what a date is made of, so that a sentence with a date in it is none. */
const shape = /^\d{4}-\d\d-\d\d(?:[T ][\d:.,]+)?\s?(?:Z|[+-][\d:]+)?$/i;

/**
 * The instant that a text names as an ISO 8601 date, in ms since 1970; null where it is none. Without a time it is the
 * beginning of the day, without a zone UTC. A number is no date.
 */
export function parseDate(value: unknown): number | null {
	return typeof value === "string" && value.length <= 64 && shape.test(value) ? parseTime(value) : null;
}
