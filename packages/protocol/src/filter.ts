import type { EventType, Json } from "./event.ts";

/**
 * The condition language of profile searches and audiences. What each form means is said where it is evaluated for one
 * profile, in `filter/evaluateFilter.ts`; every other evaluation must come to the same.
 */
export type Filter =
	| All<Filter>
	| Any<Filter>
	| Not<Filter>
	| TraitCondition
	| DidCondition
	| AggregateCondition
	| Sequence;

/** What an event's properties must be like. */
export type Predicate = All<Predicate> | Any<Predicate> | Not<Predicate> | PropertyCondition;

/** True when all are; of none: true. */
export interface All<C> {
	all: C[];
}

/** True when at least one is; of none: false. */
export interface Any<C> {
	any: C[];
}

export interface Not<C> {
	not: C;
}

/** Keys joined by dots; `\.` is a dot inside a key, other backslashes stand for themselves. Arrays are not led into. */
export type Path = string;

/** `90s`, `15m`, `4h`, `30d`, `2w`: seconds, minutes, hours of 60 minutes, days of 24 hours, weeks. */
export type Duration = string;

/** A JSON value other than null, which is no value: what is null is missing. */
export type Value = Exclude<Json, null>;

/** What a value is tested for. A missing value, or one of another type than the test's, fails all but `ne`. */
export type Operation =
	/** The same JSON value: 1 is 1.0 but not "1" nor true; objects are compared key by key in any order. */
	| { eq: Value }
	/** Exactly where `eq` is false. */
	| { ne: Value }
	/** `eq` to one of them. */
	| { in: Value[] }
	/** Whether there is a value. */
	| { exists: boolean }
	/** A number against numbers, an ISO 8601 date against ISO 8601 dates, by the instants that they name. */
	| { gt: number | string }
	| { gte: number | string }
	| { lt: number | string }
	| { lte: number | string }
	/** Part of a string, or `eq` to a member of an array. */
	| { contains: Value }
	/** The beginning of a string. */
	| { starts: string };

export type Operator = Operation extends infer O ? (O extends O ? keyof O : never) : never;

/** About a trait that the profile shows. */
export type TraitCondition = { trait: Path } & Operation;

/** About a property of one event. */
export type PropertyCondition = { prop: Path } & Operation;

/** A number held against another. */
export type Comparison =
	| { eq: number }
	| { ne: number }
	| { gt: number }
	| { gte: number }
	| { lt: number }
	| { lte: number };

/**
 * Which events: `*` is all of them; anything else is the name of track events, and `page`, `screen`, `identify` and
 * `group` are the events of that type as well.
 */
export type EventMatch = string;

/** When, counted back from the present moment. Neither: at any time, even after it. */
export interface Window {
	/** Not longer ago, and not in the future: `[now - within, now]`. */
	within?: Duration;
	/** `[older, newer)` ago: the first is the longer one. */
	between?: [older: Duration, newer: Duration];
}

/** That the profile has such events: at least one, or as many as `count` asks for. */
export interface DidCondition extends Window {
	did: EventMatch;
	where?: Predicate;
	count?: Comparison;
}

export type Aggregate = "sum" | "avg" | "min" | "max" | "unique_count";

/**
 * What the values of one property come to over such events. Only numbers count, but for `unique_count`, which counts
 * every value once, and 1 is not "1". Over nothing that counts it is false, whatever it is compared with.
 */
export interface AggregateCondition extends Window {
	did: EventMatch;
	agg: Aggregate;
	of: Path;
	value: Comparison;
	where?: Predicate;
}

/**
 * That events follow one another, by (timestamp, messageId): other events may lie between them.
 *
 * A step begins where the one before it ends. An event ends at itself; a `not_did` with `within` ends when that time is
 * over, which must be past by now, and one without ends at the event of the next step (or, as the last step, never).
 */
export interface Sequence {
	sequence: [FirstStep, ...Step[]];
}

export interface FirstStep {
	did: EventMatch;
	where?: Predicate;
	/** `[now - within, now]`. */
	within?: Duration;
}

export type Step = (
	| { did: EventMatch; not_did?: never }
	/** That no such event happens from the step before it on. Without `within` it stands next to no other `not_did`. */
	| { not_did: EventMatch; did?: never }
) & {
	where?: Predicate;
	/** At the latest so long after the step before it, that instant included. */
	within?: Duration;
	/** A property that has the same value as in the last event before it; a missing value is the same as none. */
	same?: Path;
};

/** Whether a filter holds for one profile, and why. */
export interface Explanation {
	matches: boolean;
	/** The moment it was asked about, ISO 8601. */
	now: string;
	because: Reason;
}

/** One condition of a filter, and whether it was true. */
export interface Reason {
	/** Where it stands in the filter, such as `filter.all[1].not`. */
	path: string;
	result: boolean;
	/** Of `all`, `any` and `not`: the conditions inside. */
	conditions?: Reason[];
	/** Of a trait: its path, as it stands there. */
	trait?: Path;
	/** Of a trait: what it was; left out where it has none. */
	value?: Json;
	/** Of a count or an aggregate: what was compared; left out over nothing. */
	actual?: number;
	/**
	 * What decided: the write of a trait; the events that were counted, the earliest of them where there are more than 20;
	 * of a sequence those that fulfil it, or those of the longest part that was fulfilled and the one that broke it.
	 */
	events?: DecidingEvent[];
}

export interface DecidingEvent {
	messageId: string;
	source: string;
	timestamp: string;
	type: EventType;
	/** The name of a track event, a page or a screen. */
	name?: string;
	/** Of a sequence: the step that it fulfilled or, where it broke one, that one. Counted from 0. */
	step?: number;
}
