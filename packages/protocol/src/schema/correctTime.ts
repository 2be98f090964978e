import type { JsonObject } from "../event.ts";
import { limits } from "../limits.ts";
import { EARLIEST, parseTime } from "./parseTime.ts";

export interface CorrectedTime {
	/** ms since 1970. */
	timestamp: number;
	/** Whether it was in the future and the receipt stands instead. */
	clamped: boolean;
	/** Whether it is another instant than the one the event's `timestamp` names. */
	changed: boolean;
}

/**
 * When an event happened. Its `timestamp`, else its `originalTimestamp`, is by the sender's clock; what that clock said
 * when it sent (`sentAt`), against the collector's when it received, tells how wrong it is. An event that carries both
 * was dated by its author, and stands. Rule: `docs/decisions/wire-contract.md`.
 *
 * @returns the time, or a sentence that says what is wrong.
 */
export function correctTime(
	raw: JsonObject,
	setting: { receivedAt: number; futureSkew: number; sentAt?: unknown },
): CorrectedTime | string {
	const { receivedAt } = setting;
	const dated = isGiven(raw.timestamp) ? raw.timestamp : raw.originalTimestamp;
	if (!isGiven(dated)) return { timestamp: receivedAt, clamped: false, changed: false };
	const claimed = parseTime(dated);
	if (claimed === null) {
		const field = isGiven(raw.timestamp) ? "timestamp" : "originalTimestamp";
		return `\`${field}\` must be an ISO 8601 date such as 2026-01-31T12:00:00.000Z, or ms (not seconds) since 1970.`;
	}
	const byAuthor = isGiven(raw.timestamp) && isGiven(raw.originalTimestamp);
	const sentAt = byAuthor ? null : parseTime(isGiven(setting.sentAt) ? setting.sentAt : raw.sentAt);
	const isSkewed = sentAt !== null && Math.abs(receivedAt - sentAt) >= limits.skewTolerance;
	const timestamp = isSkewed ? Math.max(EARLIEST, receivedAt - (sentAt - claimed)) : claimed;
	if (timestamp > receivedAt + setting.futureSkew) return { timestamp: receivedAt, clamped: true, changed: true };
	return { timestamp, clamped: false, changed: isSkewed };
}

function isGiven(value: unknown): boolean {
	return value !== undefined && value !== null && value !== "";
}

/** Whether a batch's `sentAt` is kept with each of its events: no time that can be read is longer. */
export function isKeptSentAt(sentAt: unknown): sentAt is string {
	return typeof sentAt === "string" && sentAt.length <= limits.sentAtLength;
}
