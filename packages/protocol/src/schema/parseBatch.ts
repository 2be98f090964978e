import type { AcceptedEvent, JsonObject } from "../event.ts";
import { limits } from "../limits.ts";
import type { Rejection, Warning } from "../verdicts.ts";
import { cleanDeep, cleanText } from "./cleanText.ts";
import type { ParsedBody } from "./parseBody.ts";
import { type EventSetting, parseEvent } from "./parseEvent.ts";
import type { Refusal } from "./refusal.ts";

/** How many warnings an answer carries at most: enough to see the fault, never an answer larger than the request. */
const MAX_WARNINGS = 100;

/** A rejection with the event's text, for the dead letter store. */
export interface RejectedEvent extends Rejection {
	text: string;
}

export interface ParsedBatch {
	events: AcceptedEvent[];
	/** The position in the batch of each of `events`. */
	indexes: number[];
	/** The `identityToken` of each of `events`, its own or its batch's, unread. */
	tokens: unknown[];
	rejected: RejectedEvent[];
	warnings: Warning[];
	/** How many events the batch held. */
	size: number;
}

/** What holds for every event of a batch. */
export type BatchSetting = Omit<EventSetting, "sentAt">;

/**
 * One verdict for each event of a `{batch: [...]}` body. What stands at batch level (`sentAt`, `context`,
 * `integrations`) holds for each event; where both say something, the event's own key wins.
 */
export function parseBatch(body: ParsedBody, elements: readonly unknown[], setting: BatchSetting): ParsedBatch {
	const { value } = body;
	const context = asObject(body.mayNeedCleaning ? cleanDeep(value.context) : value.context);
	const integrations = asObject(body.mayNeedCleaning ? cleanDeep(value.integrations) : value.integrations);
	const eventSetting: EventSetting = { ...setting, sentAt: value.sentAt };
	const parsed = emptyBatch(elements.length, value.identityToken);
	for (const [index, element] of elements.entries()) {
		const refused = body.refused.get(index);
		if (refused) reject(parsed, index, { ...refused, messageId: null });
		else if (index >= limits.batchEvents) reject(parsed, index, { ...tooLong, ...describe(element, eventSetting) });
		else {
			const clean = body.mayNeedCleaning ? cleanDeep(element) : element;
			addEvent(parsed, index, withDefaults(clean, context, integrations), eventSetting);
		}
	}
	return parsed;
}

/** The verdict for a body that is one event. */
export function parseSingle(body: ParsedBody, setting: BatchSetting): ParsedBatch {
	const parsed = emptyBatch(1, undefined);
	const value = body.mayNeedCleaning ? (cleanDeep(body.value) as JsonObject) : body.value;
	if (body.size > limits.eventBytes) {
		const detail = `The event has ${body.size} bytes; ${limits.eventBytes} are allowed. Send less with it.`;
		reject(parsed, 0, { code: "event_too_large", detail, ...describe(value, setting) });
	} else addEvent(parsed, 0, value, { ...setting, sentAt: value.sentAt });
	return parsed;
}

interface OpenBatch extends ParsedBatch {
	/** The batch's `identityToken`, for events without their own. */
	batchToken: unknown;
}

function emptyBatch(size: number, batchToken: unknown): OpenBatch {
	return { events: [], indexes: [], tokens: [], rejected: [], warnings: [], size, batchToken };
}

const tooLong: Refusal = {
	code: "batch_too_long",
	detail: `A batch may hold ${limits.batchEvents} events. Send this one again in another batch.`,
};

function addEvent(parsed: OpenBatch, index: number, element: unknown, setting: EventSetting): void {
	const raw = asObject(element);
	if (!raw) {
		reject(parsed, index, {
			code: "invalid_event",
			detail: "An event must be an object.",
			...describe(element, setting),
		});
		return;
	}
	const result = parseEvent(raw, setting, (code, detail) => {
		if (parsed.warnings.length < MAX_WARNINGS) parsed.warnings.push({ index, code, detail });
	});
	if ("code" in result) reject(parsed, index, { ...result, ...describe(raw, setting) });
	else {
		parsed.events.push(result);
		parsed.indexes.push(index);
		parsed.tokens.push(raw.identityToken ?? parsed.batchToken);
	}
}

function reject(
	parsed: ParsedBatch,
	index: number,
	rejection: Refusal & { messageId: string | null; text: string },
): void {
	const { messageId, code, detail, text } = rejection;
	// Cutting may have parted a pair, and what nobody has parsed may hold anything.
	parsed.rejected.push({ index, messageId: messageId && cleanText(messageId), code, detail, text: cleanText(text) });
}

/**
 * What the dead letter store keeps of an event: enough to replay it without its batch, and without what must not be
 * kept, keys and proofs.
 */
function describe(
	element: unknown,
	{ type, sentAt }: Partial<EventSetting>,
): { messageId: string | null; text: string } {
	const raw = asObject(element);
	if (!raw) return { messageId: null, text: cut(element) };
	const { writeKey: _, identityToken: __, ...kept } = raw;
	if (type !== undefined) kept.type = type;
	if (kept.sentAt === undefined && typeof sentAt === "string") kept.sentAt = sentAt;
	const { messageId } = raw;
	return {
		messageId: typeof messageId === "string" ? messageId.slice(0, limits.messageIdLength) : null,
		text: cut(kept),
	};
}

function cut(value: unknown): string {
	return JSON.stringify(value ?? null).slice(0, limits.eventBytes);
}

function withDefaults(
	element: unknown,
	context: JsonObject | undefined,
	integrations: JsonObject | undefined,
): unknown {
	const raw = asObject(element);
	if (!raw || (!context && !integrations)) return element;
	const merged = { ...raw };
	// A context of the wrong type is for the event's own verdict to refuse.
	if (context && isMergeable(raw.context)) merged.context = { ...context, ...asObject(raw.context) };
	if (integrations && isMergeable(raw.integrations)) {
		merged.integrations = { ...integrations, ...asObject(raw.integrations) };
	}
	return merged;
}

function isMergeable(value: unknown): boolean {
	return value === undefined || value === null || asObject(value) !== undefined;
}

function asObject(value: unknown): JsonObject | undefined {
	return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
}
