import type { AcceptedEvent, EventType, JsonObject, Trust } from "../event.ts";
import { limits } from "../limits.ts";
import type { RejectionCode } from "../verdicts.ts";
import { correctTime } from "./correctTime.ts";
import { readClaims } from "./readClaims.ts";
import type { Notice, Refusal } from "./refusal.ts";
import { isLongerInBytes } from "./utf8Length.ts";
import { writePayload } from "./writePayload.ts";

export const eventTypes: ReadonlySet<string> = new Set<EventType>([
	"track",
	"identify",
	"page",
	"screen",
	"group",
	"alias",
]);

/** What the collector knows about an event besides its text. */
export interface EventSetting {
	/** The source's slug. */
	source: string;
	trust: Trust;
	/** The write key that the request came in with. Left out: not known. */
	writeKey?: string;
	/** ms since 1970. */
	receivedAt: number;
	/** How far into the future an event may be dated, ms; from a client source at most `limits.clientFutureSkew`. */
	futureSkew: number;
	/** When the batch was sent, as it says itself. */
	sentAt?: unknown;
	/** The type that the route names; it wins over the event's own. */
	type?: EventType;
	/** Makes a messageId for an event without one. */
	newId(): string;
	/** Adds what the collector observed (an address, a bot) to the event's context, or takes out what it must not keep. */
	observe?(context: JsonObject): JsonObject;
}

/**
 * Turns one wire event into what the store takes, or says why not. The event must be at most `limits.depth` deep and
 * clean (see `parseBody`, `cleanDeep`). Rules: `docs/decisions/wire-contract.md`.
 */
export function parseEvent(raw: JsonObject, setting: EventSetting, notice: Notice): AcceptedEvent | Refusal {
	const type = setting.type ?? raw.type;
	if (typeof type !== "string" || !eventTypes.has(type)) {
		return refuse("invalid_type", `\`type\` must be one of ${[...eventTypes].join(", ")}.`);
	}
	const context = readObject(raw.context);
	const properties = readObject(raw.properties);
	const traits = readObject(raw.traits);
	if (context === null) return refuse("invalid_event", "`context` must be an object.");
	if (properties === null) return refuse("invalid_event", "`properties` must be an object.");
	if (traits === null) return refuse("invalid_event", "`traits` must be an object.");
	const contextTraits = readObject(context?.traits) ?? undefined;

	const messageId = readMessageId(raw.messageId, setting.newId);
	if (messageId === null) {
		return refuse("invalid_message_id", `\`messageId\` must be a string of 1 to ${limits.messageIdLength} characters.`);
	}
	const name = readName(type as EventType, raw);
	if (typeof name === "object") return name;
	const claims = readClaims(type as EventType, raw, { context, contextTraits, traits }, notice);
	if ("code" in claims) return claims;
	const futureSkew = Math.min(setting.futureSkew, setting.trust === "client" ? limits.clientFutureSkew : Infinity);
	const time = correctTime(raw, { ...setting, futureSkew });
	if (typeof time === "string") return refuse("invalid_timestamp", time);
	if (time.clamped)
		notice("clamped_timestamp", "The event is dated in the future; its time of receipt stands instead.");

	const ownsTraits = type === "identify" || type === "group";
	const written = type === "identify" ? (traits ?? contextTraits) : type === "group" ? traits : undefined;
	if (written) {
		const fault = findLongKey(written);
		if (fault) return fault;
	}
	const payload = writePayload(raw, {
		context: setting.observe ? setting.observe(context ?? {}) : context,
		traits: ownsTraits ? undefined : traits,
		time,
		sentAt: setting.sentAt,
	});
	if (isLongerInBytes(payload, limits.eventBytes)) {
		return refuse("event_too_large", `The event is larger than ${limits.eventBytes} bytes. Send less with it.`);
	}
	const event: AcceptedEvent = {
		source: setting.source,
		trust: setting.trust,
		messageId,
		type: type as EventType,
		timestamp: time.timestamp,
		receivedAt: setting.receivedAt,
		claims,
		payload,
	};
	// Whoever looks at the token says otherwise.
	if (setting.trust === "client") event.proven = false;
	if (setting.writeKey !== undefined) event.writeKey = setting.writeKey;
	if (name !== undefined) event.name = name;
	if (written !== undefined) event.traits = written;
	return event;
}

/** A trait is found by its key, which an index must hold. */
function findLongKey(traits: JsonObject): Refusal | null {
	if (!Object.keys(traits).some((key) => isLongerInBytes(key, limits.traitKeyBytes))) return null;
	return refuse("invalid_event", `The key of a trait has more than ${limits.traitKeyBytes} bytes.`);
}

function refuse(code: RejectionCode, detail: string): Refusal {
	return { code, detail };
}

/** Undefined when left out, null when it is no object. PHP clients write an empty object as `[]`. */
function readObject(value: unknown): JsonObject | undefined | null {
	if (value === undefined || value === null) return undefined;
	if (typeof value !== "object") return null;
	if (!Array.isArray(value)) return value as JsonObject;
	return value.length === 0 ? undefined : null;
}

function readMessageId(value: unknown, newId: () => string): string | null {
	if (value === undefined || value === null || value === "") return newId();
	if (typeof value === "number" && Number.isSafeInteger(value)) return String(value);
	if (typeof value !== "string" || isLongerThan(value, limits.messageIdLength)) return null;
	return value;
}

/** Counts characters, not UTF-16 units; the units are a cheap first answer. */
function isLongerThan(text: string, characters: number): boolean {
	return text.length > characters && (text.length > 2 * characters || [...text].length > characters);
}

function readName(type: EventType, raw: JsonObject): string | undefined | Refusal {
	if (type !== "track" && type !== "page" && type !== "screen") return undefined;
	const field = type === "track" ? "event" : "name";
	const value = raw[field];
	const name = typeof value === "number" ? String(value) : value;
	if (name === undefined || name === null || name === "") {
		if (type !== "track") return undefined;
		const otherwise = raw.type !== undefined && raw.type !== type;
		const byPath = otherwise ? " The path makes it one, whatever its `type` says." : "";
		return refuse("invalid_event", `A track event needs \`event\`, its name.${byPath}`);
	}
	if (typeof name !== "string") return refuse("invalid_event", `\`${field}\` must be a string.`);
	if (!isLongerThan(name, limits.nameLength)) return name;
	return refuse("invalid_event", `\`${field}\` has more than ${limits.nameLength} characters.`);
}
