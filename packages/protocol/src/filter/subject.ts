import type { EventType, Json, JsonObject } from "../event.ts";
import type { DecidingEvent, Predicate } from "../filter.ts";
import { readPath } from "./readPath.ts";
import { splitPath } from "./splitPath.ts";
import { testValue } from "./testValue.ts";

/** An event as conditions see it. */
export interface SubjectEvent {
	type: EventType;
	/** The name of a track event, a page or a screen. */
	name?: string;
	messageId: string;
	source: string;
	/** ms since 1970. */
	timestamp: number;
	properties?: JsonObject;
}

/** Where a trait comes from. */
export interface TraitOrigin {
	messageId: string;
	source: string;
	/** ms since 1970. */
	timestamp: number;
}

/** One profile, as a filter is asked about it. */
export interface Subject {
	/** As the profile shows them. */
	traits: JsonObject;
	/** Of each of `traits`, the write that won. */
	origins: Readonly<Record<string, TraitOrigin>>;
	/** The profile's events by (timestamp, messageId); those that the filter does not ask about may be missing. */
	events: readonly SubjectEvent[];
}

/** What every condition is asked about. */
export interface Question {
	subject: Subject;
	/** ms since 1970. */
	now: number;
}

const namedByType: ReadonlySet<string> = new Set<EventType>(["page", "screen", "identify", "group"]);

/** Whether an event is one that `did` (or `not_did`) means. A track event may be named like a type: it is meant too. */
export function isMeant({ type, name }: SubjectEvent, did: string): boolean {
	if (did === "*") return true;
	return (type === "track" && name === did) || (type === did && namedByType.has(did));
}

export function testProperties(properties: JsonObject | undefined, predicate: Predicate): boolean {
	if ("all" in predicate) return predicate.all.every((inner) => testProperties(properties, inner));
	if ("any" in predicate) return predicate.any.some((inner) => testProperties(properties, inner));
	if ("not" in predicate) return !testProperties(properties, predicate.not);
	return testValue(propertyOf(properties, predicate.prop), predicate);
}

export function propertyOf(properties: JsonObject | undefined, path: string): Json | undefined {
	return readPath(properties, splitPath(path));
}

export function toDeciding(event: SubjectEvent, step?: number): DecidingEvent {
	const { messageId, source, timestamp, type, name } = event;
	return {
		messageId,
		source,
		timestamp: new Date(timestamp).toISOString(),
		type,
		...(name === undefined ? {} : { name }),
		...(step === undefined ? {} : { step }),
	};
}
