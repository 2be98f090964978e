import type { Json, JsonObject } from "../event.ts";
import type { Notice } from "./refusal.ts";

/** What `parseEvent` reads itself, and refuses where it is no id or time. */
const ownFields: ReadonlySet<string> = new Set([
	"userId",
	"anonymousId",
	"previousId",
	"groupId",
	"messageId",
	"timestamp",
	"originalTimestamp",
	"sentAt",
]);

/**
 * Leaves out the numbers of an event that are too large to hold (`1e400` is read as Infinity and would be written as `null`,
 * which removes a trait), and tells of integers that have lost digits. Changes the event. Recursive: check its depth first.
 */
export function checkNumbers(event: JsonObject, notice: Notice): void {
	for (const key of Object.keys(event)) {
		if (!ownFields.has(key) && leaveOut(event[key] as Json, key, notice)) delete event[key];
	}
}

/** Whether the value is a number that is to be left out. */
function leaveOut(value: Json, path: string, notice: Notice): boolean {
	if (typeof value === "number") return isTooLarge(value, path, notice);
	if (typeof value !== "object" || value === null) return false;
	if (Array.isArray(value)) {
		for (const [index, inner] of value.entries()) {
			// In an array places have a meaning, and `null` removes nothing.
			if (leaveOut(inner, `${path}[${index}]`, notice)) value[index] = null;
		}
		return false;
	}
	for (const key of Object.keys(value)) {
		// An id that is too large is refused where it is read.
		if (path === "context" && key === "externalIds") continue;
		if (leaveOut(value[key] as Json, `${path}.${key}`, notice)) delete value[key];
	}
	return false;
}

function isTooLarge(value: number, path: string, notice: Notice): boolean {
	const shown = path.length > 100 ? `${path.slice(0, 100)}...` : path;
	if (!Number.isFinite(value)) {
		notice("number_too_large", `\`${shown}\` is a number too large to hold; it was left out. Send it as a string.`);
		return true;
	}
	if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
		const detail = `\`${shown}\` is an integer beyond 2^53, of which only the first digits are sure. Send it as a string.`;
		notice("number_too_large", detail);
	}
	return false;
}
