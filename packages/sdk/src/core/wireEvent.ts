import type { EventType, JsonObject } from "@selfsame/protocol";

/** Free-form data of a caller: what `JSON.stringify` makes of it goes over the wire (`Date` becomes ISO 8601). */
export type Data = object;

/** One event as it goes over the wire. */
export interface WireEvent {
	type: EventType;
	/** Unique per source for ever: a retry keeps it, so a retry is never stored twice. */
	messageId: string;
	/** ISO 8601. The time of the call, or the author's own time (then `originalTimestamp` holds the call's). */
	timestamp: string;
	originalTimestamp?: string;
	userId?: string | number;
	anonymousId?: string;
	/** `track` only. */
	event?: string;
	/** `page` and `screen`. */
	name?: string;
	category?: string;
	properties?: Data;
	/** `identify` (the person's) and `group` (the group's). A `null` value removes its key. */
	traits?: Data;
	groupId?: string | number;
	previousId?: string | number;
	context: JsonObject & { [key: string]: unknown };
	integrations?: Data;
}

/** The collector's answer to a batch it took (status 200). */
export interface BatchAnswer {
	success: true;
	accepted: number;
	duplicates: number;
	dropped: number;
	rejected: { index: number; messageId?: string; code: string; detail?: string }[];
	warnings?: { index?: number; code: string; detail: string }[];
}
