import type { EventType } from "@selfsame/protocol";
import type { CallExtras, Id, VisitorIdentity } from "../types.ts";
import { jsonText, type TellLeftOut } from "./jsonText.ts";
import { readTime } from "./readTime.ts";

/** Any call's argument. */
export type AnyCall = CallExtras & {
	userId?: Id | null;
	anonymousId?: Id | null;
	event?: string;
	name?: string;
	category?: string;
	properties?: object;
	traits?: object;
	groupId?: Id;
	previousId?: Id;
};

export interface EventTextSource {
	now(): number;
	/** A random UUID of version 4. */
	randomUuid(): string;
	/** The runtime's context, such as its library's name. */
	context: object;
	/** Told of each value of a call that JSON cannot say. */
	leftOut: TellLeftOut;
}

/** `000` to `fff`: the counter of a message id, ready to print. */
const HEX3 = Array.from({ length: 4096 }, (_, i) => (4096 + i).toString(16).slice(1));

/**
 * Makes the writer of an event's JSON. It writes once and for all what `buildEvent` (src/core) would build: what is the
 * same for many calls, the time and the context, is kept as text, and the caller's own object is written as it is. That
 * is the difference between this and the cost of a bare `JSON.stringify` of the whole event.
 */
export function createEventText({ now, randomUuid, context, leftOut }: EventTextSource) {
	const inContext: TellLeftOut = (path, what) => leftOut(`context.${path}`, what);
	const ownContext = JSON.stringify(context);
	let time = -1;
	let iso = "";
	let idTime = 0;
	let idPrefix = "";
	let counter = 0;
	// The context of the visitor whose request is running; one at a time is enough, a handler's calls come together.
	let visitor: VisitorIdentity | undefined;
	let visitorContext = ownContext;

	/**
	 * A UUID of version 7 that sorts after every earlier one of this client: events of the same millisecond are ordered by
	 * their message ids (docs/decisions/identity-rule.md), so an `identify` stays before the `track` that followed it.
	 */
	function messageId(): string {
		const uuid = randomUuid();
		if (time > idTime || counter === 4095) {
			// Past 4,096 ids in a millisecond the next one is borrowed; a clock that steps back is not followed.
			idTime = time > idTime ? time : idTime + 1;
			counter = Number.parseInt(uuid.slice(0, 2), 16);
			const stamp = idTime.toString(16).padStart(12, "0");
			idPrefix = `${stamp.slice(0, 8)}-${stamp.slice(8)}-7`;
		} else counter++;
		return idPrefix + HEX3[counter] + uuid.slice(18);
	}

	function contextText(own: object | undefined, from: VisitorIdentity | undefined): string {
		if (own) return jsonText({ ...context, ...from?.context, ...own }, inContext);
		if (!from) return ownContext;
		if (from !== visitor) {
			visitor = from;
			visitorContext = jsonText({ ...context, ...from.context }, inContext);
		}
		return visitorContext;
	}

	/** `from`: the visitor whose scope the call is in. Answers with the JSON and the id it carries. */
	return function eventText(type: EventType, call: AnyCall, from: VisitorIdentity | undefined) {
		const at = now();
		if (at !== time) {
			time = at;
			iso = new Date(at).toISOString();
		}
		const id = call.messageId || messageId();
		const idText = call.messageId ? JSON.stringify(id) : `"${id}"`;
		const head = `{"messageId":${idText},"type":"${type}","context":${contextText(call.context, from)}`;
		const plain =
			from === undefined &&
			call.context === undefined &&
			call.timestamp === undefined &&
			call.messageId === undefined &&
			!("type" in call);
		if (plain) return { id, text: `${head},"timestamp":"${iso}"${tail(jsonText(call, leftOut))}` };
		const { context: _c, messageId: _m, timestamp, ...rest } = { ...call, type: undefined };
		// An author's own time goes with the time of the call beside it: the collector then leaves it alone.
		const times =
			timestamp == null
				? `"timestamp":"${iso}"`
				: `"timestamp":"${new Date(readTime(timestamp)).toISOString()}","originalTimestamp":"${iso}"`;
		return { id, text: `${head},${times}${tail(jsonText({ ...rest, ...missing(call, from) }, leftOut))}` };
	};
}

/** The fields of an object's JSON, to go on after others. */
function tail(json: string): string {
	return json.length > 2 ? `,${json.slice(1)}` : "}";
}

/**
 * What the scope knows and the call does not say. Where the call names another user than the one the request is
 * authenticated as (a clerk serving a customer), the visitor's anonymous id is not that user's.
 */
function missing(call: AnyCall, from: VisitorIdentity | undefined): { userId?: Id; anonymousId?: Id } {
	const filled: { userId?: Id; anonymousId?: Id } = {};
	if (!from) return filled;
	const other = call.userId != null && from.userId != null && `${call.userId}` !== `${from.userId}`;
	if (call.userId == null && call.anonymousId == null && from.userId != null) filled.userId = from.userId;
	if (call.anonymousId === undefined && !other && from.anonymousId) filled.anonymousId = from.anonymousId;
	return filled;
}
