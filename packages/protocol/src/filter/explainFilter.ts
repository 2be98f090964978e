import type { Json } from "../event.ts";
import type {
	AggregateCondition,
	DidCondition,
	Explanation,
	Filter,
	Predicate,
	Reason,
	TraitCondition,
	Window,
} from "../filter.ts";
import { canonicalJson } from "./canonicalJson.ts";
import { explainSequence } from "./explainSequence.ts";
import { durationOf } from "./parseDuration.ts";
import { readPath } from "./readPath.ts";
import { splitPath } from "./splitPath.ts";
import {
	isMeant,
	propertyOf,
	type Question,
	type Subject,
	type SubjectEvent,
	testProperties,
	toDeciding,
} from "./subject.ts";
import { compareNumber, testValue } from "./testValue.ts";

/** How many deciding events a reason names at the most. */
const mostEvents = 20;

/**
 * Says whether a filter holds for one profile and why, condition by condition. This is what a filter means; `now`, ms, is
 * what its windows are counted back from. Conditions are looked at even where others have decided already, since whoever
 * asks why wants to see them all.
 */
export function explainFilter(filter: Filter, subject: Subject, now: number): Explanation {
	const because = explainCondition(filter, "filter", { subject, now });
	return { matches: because.result, now: new Date(now).toISOString(), because };
}

function explainCondition(condition: Filter, path: string, question: Question): Reason {
	if ("all" in condition) {
		const conditions = condition.all.map((inner, at) => explainCondition(inner, `${path}.all[${at}]`, question));
		return { path, result: conditions.every(({ result }) => result), conditions };
	}
	if ("any" in condition) {
		const conditions = condition.any.map((inner, at) => explainCondition(inner, `${path}.any[${at}]`, question));
		return { path, result: conditions.some(({ result }) => result), conditions };
	}
	if ("not" in condition) {
		const inner = explainCondition(condition.not, `${path}.not`, question);
		return { path, result: !inner.result, conditions: [inner] };
	}
	if ("trait" in condition) return { path, ...explainTrait(condition, question) };
	if ("sequence" in condition) return { path, ...explainSequence(condition, question) };
	return { path, ...("agg" in condition ? explainAggregate(condition, question) : explainDid(condition, question)) };
}

function explainTrait(condition: TraitCondition, { subject }: Question): Omit<Reason, "path"> {
	const { trait } = condition;
	const keys = splitPath(trait);
	const value = readPath(subject.traits, keys);
	const result = testValue(value, condition);
	const key = keys[0] as string;
	const origin = Object.hasOwn(subject.origins, key) ? subject.origins[key] : undefined;
	if (value === undefined || !origin) return { result, trait };
	return { result, trait, value, events: [toDeciding({ ...origin, type: "identify" })] };
}

function explainDid(condition: DidCondition, question: Question): Omit<Reason, "path"> {
	const events = eventsOf(condition, question);
	const result = compareNumber(events.length, condition.count ?? { gte: 1 });
	return { result, actual: events.length, events: events.slice(0, mostEvents).map((event) => toDeciding(event)) };
}

function explainAggregate(condition: AggregateCondition, question: Question): Omit<Reason, "path"> {
	const counted = eventsOf(condition, question).flatMap((event) => {
		const value = propertyOf(event.properties, condition.of);
		const counts = condition.agg === "unique_count" ? value !== undefined : typeof value === "number";
		return counts ? [{ event, value: value as Json }] : [];
	});
	if (counted.length === 0) return { result: false };
	const actual = aggregate(
		condition,
		counted.map(({ value }) => value),
	);
	const events = counted.slice(0, mostEvents).map(({ event }) => toDeciding(event));
	return { result: compareNumber(actual, condition.value), actual, events };
}

/** Of at least one value. */
function aggregate({ agg }: AggregateCondition, values: readonly Json[]): number {
	if (agg === "unique_count") return new Set(values.map(canonicalJson)).size;
	const numbers = values as number[];
	if (agg === "min") return numbers.reduce((least, number) => Math.min(least, number));
	if (agg === "max") return numbers.reduce((most, number) => Math.max(most, number));
	return agg === "avg" ? sum(numbers) / numbers.length : sum(numbers);
}

/** With what rounding lost put back (Neumaier), as SQLite does: prices add up to what people expect. */
function sum(numbers: readonly number[]): number {
	let [total, lost] = [0, 0];
	for (const number of numbers) {
		const next = total + number;
		lost += Math.abs(total) >= Math.abs(number) ? total - next + number : number - next + total;
		total = next;
	}
	return Number.isFinite(lost) ? total + lost : total;
}

function eventsOf(
	condition: { did: string; where?: Predicate } & Window,
	{ subject, now }: Question,
): readonly SubjectEvent[] {
	const isInside = windowOf(condition, now);
	const { did, where } = condition;
	return subject.events.filter(
		(event) => isMeant(event, did) && isInside(event.timestamp) && (!where || testProperties(event.properties, where)),
	);
}

function windowOf({ within, between }: Window, now: number): (timestamp: number) => boolean {
	if (within !== undefined) {
		const from = now - durationOf(within);
		return (timestamp) => timestamp >= from && timestamp <= now;
	}
	if (between === undefined) return () => true;
	const [from, to] = [now - durationOf(between[0]), now - durationOf(between[1])];
	return (timestamp) => timestamp >= from && timestamp < to;
}
