import type { JsonObject } from "@selfsame/protocol";
import type { WireEvent } from "./wireEvent.ts";

/** What a call says: everything of an event but what the SDK adds. A `timestamp` is the author's own time. */
export type EventInput = Partial<Omit<WireEvent, "type" | "timestamp" | "originalTimestamp" | "context">> & {
	type: WireEvent["type"];
	timestamp?: Date | string | number;
	context?: object;
};

/** What the SDK adds: the clock (ms since 1970), the message id, and the runtime's context. */
export interface EventSurroundings {
	now: number;
	messageId: string;
	context: object;
}

/**
 * Makes the wire form of an event. The call's context wins over the runtime's, key by key. A time set by the author
 * goes into `timestamp` with the time of the call in `originalTimestamp`: the collector then leaves it alone
 * (docs/decisions/wire-contract.md); an unreadable one is ignored.
 */
export function buildEvent(input: EventInput, { now, messageId, context }: EventSurroundings): WireEvent {
	const called = new Date(now).toISOString();
	const { timestamp, ...rest } = input;
	const own = timestamp != null ? new Date(readTime(timestamp)) : undefined;
	const event: WireEvent = {
		...rest,
		messageId: input.messageId || messageId,
		timestamp: called,
		context: { ...context, ...input.context } as JsonObject,
	};
	if (own && !Number.isNaN(+own)) {
		event.timestamp = own.toISOString();
		event.originalTimestamp = called;
	}
	return event;
}

/**
 * An author's time as the collector reads it (docs/decisions/wire-contract.md): ISO 8601, UTC where it names no zone, or ms.
 * What names no instant there, such as seconds, gives NaN.
 */
function readTime(time: Date | string | number): number {
	if (typeof time === "string") {
		const [, day, clock, zone] = /^(\d{4}-\d\d-\d\d)(?:[T ]([\d:.]+)(Z|[+-][\d:]+)?)?$/i.exec(time.trim()) ?? [];
		return day ? Date.parse(`${day}T${clock ?? "00:00"}${zone ?? "Z"}`) : Number.NaN;
	}
	return typeof time === "number" && Math.abs(time) < 1e10 && time ? Number.NaN : +time;
}
