import type { EventType } from "@selfsame/protocol";
import type { VisitorIdentity } from "../types.ts";
import type { AnyCall } from "./eventText.ts";
import { readTime } from "./readTime.ts";

/**
 * Throws a TypeError for a call that could never become a valid event: a mistake in the code, so it shows where the call
 * stands and not in a log of the collector.
 */
export function checkCall(type: EventType, call: AnyCall, visitor: VisitorIdentity | undefined): void {
	if (!isObject(call)) fail(type, "pass one object, such as { userId: 'u1', event: 'Order Completed' }");
	checkId(type, "userId", call.userId);
	checkId(type, "anonymousId", call.anonymousId);
	if (type === "track" && (typeof call.event !== "string" || call.event === "")) {
		fail(type, "event must be a string that is not empty");
	}
	if (type === "group") checkNeeded(type, "groupId", call.groupId);
	if (type === "alias") checkNeeded(type, "previousId", call.previousId);
	checkObject(type, "properties", call.properties);
	checkObject(type, "traits", call.traits);
	checkObject(type, "context", call.context);
	const { timestamp, messageId } = call;
	if (timestamp != null && Number.isNaN(readTime(timestamp))) {
		fail(
			type,
			"timestamp is no date; pass a Date, ms (not seconds) since 1970 or ISO 8601, such as 2026-01-31T12:00:00Z",
		);
	}
	if (messageId != null && (typeof messageId !== "string" || messageId.length > 256)) {
		fail(type, "messageId must be a string of 1 to 256 characters");
	}
	if (!isMissing(call.userId) || !isMissing(visitor?.userId)) return;
	if (type === "alias") fail(type, "pass a userId");
	// A visitor without a cookie is no mistake of the code: such an event is kept and belongs to nobody.
	if (isMissing(call.anonymousId) && !visitor) {
		fail(type, "pass a userId or an anonymousId, or call inside a request's scope (fromRequest)");
	}
}

const isMissing = (id: unknown) => id === undefined || id === null || id === "";
const isObject = (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value);

function fail(type: EventType, message: string): never {
	throw new TypeError(`${type}: ${message}`);
}

function checkId(type: EventType, field: string, id: unknown): void {
	if (id == null || typeof id === "string") return;
	if (typeof id !== "number" || !Number.isFinite(id)) fail(type, `${field} must be a string or a number`);
	if (Math.abs(id) > Number.MAX_SAFE_INTEGER) {
		fail(type, `${field} is a number beyond 2^53, which has lost digits; pass it as a string`);
	}
}

function checkNeeded(type: EventType, field: string, id: unknown): void {
	if (isMissing(id)) fail(type, `pass a ${field}`);
	checkId(type, field, id);
}

function checkObject(type: EventType, field: string, value: unknown): void {
	if (value != null && !isObject(value)) fail(type, `${field} must be an object`);
}
