import type { EventType } from "@selfsame/protocol";
import type { AnyCall } from "./eventText.ts";
import type { VisitorIdentity } from "./types.ts";

/**
 * Throws a TypeError for a call that could never become a valid event: a mistake in the code, so it shows where the call
 * stands and not in a log of the collector.
 */
export function checkCall(type: EventType, call: AnyCall, visitor: VisitorIdentity | undefined): void {
	if (typeof call !== "object" || call === null || Array.isArray(call)) {
		throw new TypeError(`${type}: pass one object, such as ${example(type)}`);
	}
	checkId(type, "userId", call.userId);
	checkId(type, "anonymousId", call.anonymousId);
	if (type === "track" && (typeof call.event !== "string" || call.event === "")) {
		throw new TypeError("track: event must be a string that is not empty, such as 'Order Completed'");
	}
	if (type === "group") checkNeeded(type, "groupId", call.groupId);
	if (type === "alias") checkNeeded(type, "previousId", call.previousId);
	checkObject(type, "properties", call.properties);
	checkObject(type, "traits", call.traits);
	checkObject(type, "context", call.context);
	if (call.timestamp != null && Number.isNaN(+new Date(call.timestamp))) {
		throw new TypeError(`${type}: timestamp is no date; pass a Date, ms since 1970 or an ISO 8601 string`);
	}
	if (call.messageId != null && (typeof call.messageId !== "string" || call.messageId.length > 256)) {
		throw new TypeError(`${type}: messageId must be a string of 1 to 256 characters`);
	}
	if (isMissing(call.userId) && isMissing(call.anonymousId) && !visitor?.userId && !visitor?.anonymousId) {
		// A visitor without a cookie is no mistake of the code: such an event is kept and belongs to nobody.
		if (visitor && type !== "alias") return;
		const inside = type === "alias" ? "" : ", or call inside a request's scope (fromRequest)";
		throw new TypeError(`${type}: pass a userId or an anonymousId${inside}`);
	}
	if (type === "alias" && isMissing(call.userId) && !visitor?.userId) throw new TypeError("alias: pass a userId");
}

const isMissing = (id: unknown) => id === undefined || id === null || id === "";

function checkId(type: EventType, field: string, id: unknown): void {
	if (id == null || typeof id === "string") return;
	if (typeof id !== "number" || !Number.isFinite(id)) {
		throw new TypeError(`${type}: ${field} must be a string or a number`);
	}
	if (Math.abs(id) > Number.MAX_SAFE_INTEGER) {
		throw new TypeError(`${type}: ${field} is a number beyond 2^53, which has lost digits; pass it as a string`);
	}
}

function checkNeeded(type: EventType, field: string, id: unknown): void {
	if (isMissing(id)) throw new TypeError(`${type}: pass a ${field}`);
	checkId(type, field, id);
}

function checkObject(type: EventType, field: string, value: unknown): void {
	if (value != null && (typeof value !== "object" || Array.isArray(value))) {
		throw new TypeError(`${type}: ${field} must be an object`);
	}
}

function example(type: EventType): string {
	if (type === "track") return "{ userId, event: 'Order Completed', properties: {} }";
	if (type === "group") return "{ userId, groupId, traits: {} }";
	if (type === "alias") return "{ userId, previousId }";
	return type === "identify" ? "{ userId, traits: {} }" : "{ userId, name, properties: {} }";
}
