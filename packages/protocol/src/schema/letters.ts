import type { JsonObject } from "../event.ts";
import { limits } from "../limits.ts";
import { cleanText } from "./cleanText.ts";
import { isKeptSentAt } from "./correctTime.ts";
import type { EventSetting } from "./parseEvent.ts";
import type { Refusal } from "./refusal.ts";

/** What the dead letter store keeps of events that were not accepted. */
export interface ParsedLetter extends Refusal {
	messageId: string | null;
	/** The event's JSON, cut at the event limit. */
	text: string;
}

/** What a letter keeps at least, however much its batch has become already. */
const LEAST_TEXT = 256;
/** What is kept of the first of many elements that are no objects. */
const SAMPLE = 1_024;

/**
 * What an event is kept as: enough to replay it without its batch, and without what must not be kept, keys and proofs.
 */
export function describeEvent(
	raw: JsonObject,
	{ type, sentAt }: Pick<EventSetting, "type" | "sentAt">,
): { messageId: string | null; text: string } {
	const { writeKey: _, identityToken: __, ...kept } = raw;
	if (type !== undefined) kept.type = type;
	if (kept.sentAt === undefined && isKeptSentAt(sentAt)) kept.sentAt = sentAt;
	const { messageId } = raw;
	return {
		messageId: typeof messageId === "string" ? messageId.slice(0, limits.messageIdLength) : null,
		text: JSON.stringify(kept),
	};
}

/** A letter as it is stored: within `room` characters, and of clean text, since cutting may have parted a pair. */
export function toLetter(refusal: ParsedLetter, room: number): ParsedLetter {
	const { messageId, code, detail, text } = refusal;
	const length = Math.min(limits.eventBytes, Math.max(LEAST_TEXT, room));
	return { messageId: messageId && cleanText(messageId), code, detail, text: cleanText(text.slice(0, length)) };
}

/** One letter for all elements of a batch that are no objects: small as they are, each would take a row of its own. */
export function letterOfOthers(elements: readonly unknown[]): ParsedLetter {
	const text = JSON.stringify(elements[0] ?? null).slice(0, SAMPLE);
	const detail = `${elements.length} element${elements.length === 1 ? "" : "s"} of a batch were no objects; the first is kept here.`;
	return { messageId: null, code: "invalid_event", detail, text: cleanText(text) };
}
