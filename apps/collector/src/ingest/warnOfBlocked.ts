import { type Blocked, normaliseValue } from "@selfsame/identity";
import { MAX_WARNINGS, type ParsedBatch } from "@selfsame/protocol/schema";

const fields = ["userId", "anonymousId", "previousId", "groupId"] as const;

/** Tells senders of ids that are placeholders (`null`, `0`, an empty text): they identify nobody, and nothing fails. */
export function warnOfBlocked({ events, indexes, warnings }: ParsedBatch, isBlocked: Blocked): void {
	for (const [at, { claims }] of events.entries()) {
		for (const field of fields) {
			const value = claims[field] === undefined ? null : normaliseValue(claims[field]);
			if (value === null || !isBlocked(value)) continue;
			if (warnings.length >= MAX_WARNINGS) return;
			const detail = `\`${field}\` is a placeholder (such as null, 0 or an empty text) and names nobody; leave it out instead.`;
			warnings.push({ index: indexes[at] ?? at, code: "blocked_id", detail });
		}
	}
}
