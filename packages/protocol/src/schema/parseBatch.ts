import type { AcceptedEvent, JsonObject } from "../event.ts";
import { limits } from "../limits.ts";
import type { Rejection, Warning } from "../verdicts.ts";
import { checkNumbers } from "./checkNumbers.ts";
import { cleanDeep } from "./cleanText.ts";
import { describeEvent, letterOfOthers, type ParsedLetter, toLetter } from "./letters.ts";
import type { ParsedBody } from "./parseBody.ts";
import { type EventSetting, parseEvent } from "./parseEvent.ts";
import type { Notice, Refusal } from "./refusal.ts";
import { asObject, shareDefaults, withDefaults } from "./shareDefaults.ts";

/** How many warnings an answer carries at most: enough to see the fault, never an answer larger than the request. */
export const MAX_WARNINGS = 100;

export interface ParsedBatch {
	events: AcceptedEvent[];
	/** The position in the batch of each of `events`. */
	indexes: number[];
	/** The `identityToken` of each of `events`, its own or its batch's, unread. */
	tokens: unknown[];
	rejected: Rejection[];
	/** What the dead letter store keeps of the rejected ones: one each, but one for all that are no objects. */
	letters: ParsedLetter[];
	warnings: Warning[];
	/** How many events the batch held. */
	size: number;
	/** Characters that `events` and `letters` have become: what they take while they wait to be stored, and there. */
	stored: number;
}

/** What holds for every event of a batch. */
export type BatchSetting = Omit<EventSetting, "sentAt">;

/**
 * One verdict for each event of a `{batch: [...]}` body. What stands at batch level (`sentAt`, `context`,
 * `integrations`) holds for each event; where both say something, the event's own key wins.
 */
export function parseBatch(body: ParsedBody, elements: readonly unknown[], setting: BatchSetting): ParsedBatch {
	const { value } = body;
	const eventSetting: EventSetting = { ...setting, sentAt: value.sentAt };
	const parsed = emptyBatch(elements.length, value.identityToken);
	const defaults = readDefaults(body, Math.min(elements.length, limits.batchEvents), noticeAt(parsed, 0));
	const others: unknown[] = [];
	for (const [index, element] of elements.entries()) {
		const refused = body.refused.get(index);
		const raw = asObject(element);
		if (refused) reject(parsed, index, { ...refused, messageId: null });
		else if (!raw) {
			others.push(element);
			answerRejected(parsed, index, notAnObject, null);
		} else if (index >= limits.batchEvents) reject(parsed, index, { ...tooLong, ...describeEvent(raw, eventSetting) });
		else addEvent(parsed, index, withDefaults(prepare(raw, body, noticeAt(parsed, index)), defaults), eventSetting);
	}
	if (others.length > 0) keep(parsed, letterOfOthers(others));
	return parsed;
}

/** The verdict for a body that is one event. */
export function parseSingle(body: ParsedBody, setting: BatchSetting): ParsedBatch {
	const parsed = emptyBatch(1, undefined);
	const value = prepare(body.value, body, noticeAt(parsed, 0));
	if (body.size > limits.eventBytes) {
		const detail = `The event has ${body.size} bytes; ${limits.eventBytes} are allowed. Send less with it.`;
		reject(parsed, 0, { code: "event_too_large", detail, ...describeEvent(value, setting) });
	} else addEvent(parsed, 0, value, { ...setting, sentAt: value.sentAt });
	return parsed;
}

interface OpenBatch extends ParsedBatch {
	/** The batch's `identityToken`, for events without their own. */
	batchToken: unknown;
}

function emptyBatch(size: number, batchToken: unknown): OpenBatch {
	const lists = { events: [], indexes: [], tokens: [], rejected: [], letters: [], warnings: [] };
	return { ...lists, size, stored: 0, batchToken };
}

const noticeAt =
	({ warnings }: ParsedBatch, index: number): Notice =>
	(code, detail) => {
		if (warnings.length < MAX_WARNINGS) warnings.push({ index, code, detail });
	};

function readDefaults(body: ParsedBody, events: number, notice: Notice) {
	const { context, integrations } = prepare(
		{ context: body.value.context ?? null, integrations: body.value.integrations ?? null },
		body,
		notice,
	);
	const shared = shareDefaults(asObject(context), asObject(integrations), events);
	if (shared.leftOut.length > 0) {
		const names = shared.leftOut.map((name) => `\`${name}\``).join(" and ");
		const detail = `The batch's own ${names} would be copied into each of ${events} events and was left out: send at most ${limits.sharedBytes} bytes, and ${limits.bodyBytes} in all of them.`;
		notice("context_too_large", detail);
	}
	return shared;
}

/** An event without what no storage can hold: NUL, lone surrogates, numbers that are too large. */
function prepare(raw: JsonObject, { mayNeedCleaning, hasWideNumber }: ParsedBody, notice: Notice): JsonObject {
	const clean = mayNeedCleaning ? (cleanDeep(raw) as JsonObject) : raw;
	if (hasWideNumber) checkNumbers(clean, notice);
	return clean;
}

const notAnObject: Refusal = { code: "invalid_event", detail: "An event must be an object." };
const tooLong: Refusal = {
	code: "batch_too_long",
	detail: `A batch may hold ${limits.batchEvents} events. Send this one again in another batch.`,
};
const tooMuch: Refusal = {
	code: "batch_too_long",
	detail: `What the batch becomes when it is stored passes ${limits.batchStored} characters. Send this one again in another batch.`,
};

function addEvent(parsed: OpenBatch, index: number, raw: JsonObject, setting: EventSetting): void {
	const result = parseEvent(raw, setting, noticeAt(parsed, index));
	if ("code" in result) {
		reject(parsed, index, { ...result, ...describeEvent(raw, setting) });
		return;
	}
	const size = storedSize(result);
	if (parsed.stored + size > limits.batchStored) {
		reject(parsed, index, { ...tooMuch, ...describeEvent(raw, setting) });
		return;
	}
	parsed.stored += size;
	parsed.events.push(result);
	parsed.indexes.push(index);
	parsed.tokens.push(raw.identityToken ?? parsed.batchToken);
}

/** Characters of an event's largest parts. Its traits stand in its text once more, which the payload does not repeat. */
function storedSize({ payload, traits }: AcceptedEvent): number {
	return payload.length + (traits === undefined ? 0 : JSON.stringify(traits).length);
}

function reject(parsed: ParsedBatch, index: number, refused: ParsedLetter): void {
	answerRejected(parsed, index, refused, keep(parsed, refused).messageId);
}

function keep(parsed: ParsedBatch, refused: ParsedLetter): ParsedLetter {
	const letter = toLetter(refused, limits.batchStored - parsed.stored);
	parsed.stored += letter.text.length;
	parsed.letters.push(letter);
	return letter;
}

function answerRejected(parsed: ParsedBatch, index: number, { code, detail }: Refusal, messageId: string | null): void {
	parsed.rejected.push({ index, messageId, code, detail });
}
