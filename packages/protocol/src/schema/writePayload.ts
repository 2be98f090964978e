import type { Json, JsonObject } from "../event.ts";
import { type CorrectedTime, isKeptSentAt } from "./correctTime.ts";

/**
 * Fields that the store keeps in the event's core and gives back itself, what readers take for the collector's own word, and
 * what must not be kept: keys and proofs.
 */
const notPayload: ReadonlySet<string> = new Set([
	"type",
	"messageId",
	"timestamp",
	"userId",
	"anonymousId",
	"previousId",
	"groupId",
	"event",
	"name",
	"context",
	"traits",
	"profileId",
	"seq",
	"claimedUserId",
	"claimedGroup",
	"writeKey",
	"identityToken",
]);

interface PayloadParts {
	context: JsonObject | undefined;
	/** Traits that are no trait writes: of a track, page, screen or alias. */
	traits: JsonObject | undefined;
	time: CorrectedTime;
	/** The batch's. */
	sentAt: unknown;
}

/** The JSON text of all that an event carries beyond its core: everything is kept, whether known or not. */
export function writePayload(raw: JsonObject, { context, traits, time, sentAt }: PayloadParts): string {
	const payload: JsonObject = {};
	for (const key of Object.keys(raw)) {
		if (notPayload.has(key)) continue;
		if (key === "__proto__") Object.defineProperty(payload, key, { value: raw[key], enumerable: true });
		else payload[key] = raw[key] as Json;
	}
	if (context !== undefined) payload.context = context;
	if (traits !== undefined) payload.traits = traits;
	if (isKeptSentAt(sentAt) && payload.sentAt === undefined) payload.sentAt = sentAt;
	// What the sender's clock said is kept where the core now holds a corrected time.
	if (time.changed && raw.timestamp !== undefined && raw.timestamp !== null) {
		payload[payload.originalTimestamp === undefined ? "originalTimestamp" : "unclampedTimestamp"] = raw.timestamp;
	}
	return JSON.stringify(payload);
}
