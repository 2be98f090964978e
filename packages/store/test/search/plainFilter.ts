import type { EventView, Filter, Json, JsonObject, Operation, Predicate, Profile, Step } from "@selfsame/protocol";

/** One profile with all its events by (timestamp, messageId), as the API shows them. */
export interface Person {
	profile: Profile;
	events: EventView[];
}

/**
 * What a filter means, as plainly as it can be said and at whatever cost. It shares nothing with what the product does:
 * no helper, no order of evaluation.
 */
export function holds(filter: Filter, person: Person, now: number): boolean {
	if ("all" in filter) return filter.all.every((inner) => holds(inner, person, now));
	if ("any" in filter) return filter.any.some((inner) => holds(inner, person, now));
	if ("not" in filter) return !holds(filter.not, person, now);
	if ("trait" in filter) return passes(at(person.profile.traits, filter.trait), filter);
	if ("sequence" in filter) return isFulfilled(filter.sequence, person.events, now);
	const events = person.events.filter((event) => {
		const ago = now - Date.parse(event.timestamp);
		if (filter.within !== undefined && !(ago >= 0 && ago <= ms(filter.within))) return false;
		const [older, newer] = filter.between ?? [];
		if (older !== undefined && newer !== undefined && !(ago <= ms(older) && ago > ms(newer))) return false;
		return isOne(event, filter.did, filter.where);
	});
	if (!("agg" in filter)) return filter.count === undefined ? events.length > 0 : compares(events.length, filter.count);
	const values = events.map((event) => at(event.properties, filter.of)).filter((value) => value !== undefined);
	if (filter.agg === "unique_count") {
		const different = values.filter((value, index) => values.findIndex((other) => equal(other, value)) === index);
		return different.length > 0 && compares(different.length, filter.value);
	}
	const numbers = values.filter((value) => typeof value === "number");
	if (numbers.length === 0) return false;
	const sum = numbers.reduce((a, b) => a + b, 0);
	const results = { sum, avg: sum / numbers.length, min: Math.min(...numbers), max: Math.max(...numbers) };
	return compares(results[filter.agg], filter.value);
}

/** Tries every choice of events for the steps. */
function isFulfilled(steps: readonly Step[], events: readonly EventView[], now: number): boolean {
	const time = (index: number) => Date.parse((events[index] as EventView).timestamp);
	/** `last`: the event of the last `did`. `end`: when the step before ended, and whether that was an event. */
	const from = (step: number, last: number, end: { at: number; isEvent: boolean }, open: Step | null): boolean => {
		const next = steps[step];
		if (!next) return open === null || !breaks(open, last, events.length);
		const isAfter = (index: number) => (end.isEvent ? index > last : time(index) > end.at);
		if (next.not_did !== undefined && next.within === undefined) return from(step + 1, last, end, next);
		if (next.not_did !== undefined) {
			const closed = end.at + ms(next.within as string);
			const isBroken = events.some(
				(event, index) =>
					isAfter(index) &&
					time(index) <= closed &&
					isOne(event, next.not_did, next.where) &&
					isSame(next, last, index),
			);
			return !isBroken && now > closed && from(step + 1, last, { at: closed, isEvent: false }, null);
		}
		return events.some((event, index) => {
			if (!isOne(event, next.did, next.where)) return false;
			const late = next.within !== undefined && time(index) > end.at + ms(next.within);
			if (!isAfter(index) || late || !isSame(next, last, index)) return false;
			if (open !== null && breaks(open, last, index)) return false;
			return from(step + 1, index, { at: time(index), isEvent: true }, null);
		});
	};
	const isSame = (step: Step, last: number, index: number) => {
		if (step.same === undefined) return true;
		const [a, b] = [at(events[last]?.properties, step.same), at(events[index]?.properties, step.same)];
		return a !== undefined && b !== undefined && equal(a, b);
	};
	/** Whether anything between two events is what a step without an end excludes. */
	const breaks = (step: Step, last: number, before: number) =>
		events.some(
			(event, index) =>
				index > last && index < before && isOne(event, step.not_did as string, step.where) && isSame(step, last, index),
		);
	const [first] = steps as [Step];
	return events.some((event, index) => {
		const ago = now - time(index);
		if (first.within !== undefined && !(ago >= 0 && ago <= ms(first.within))) return false;
		return isOne(event, first.did as string, first.where) && from(1, index, { at: time(index), isEvent: true }, null);
	});
}

function isOne(event: EventView, did: string, where: Predicate | undefined): boolean {
	const byType = ["page", "screen", "identify", "group"].includes(event.type) && event.type === did;
	const byName = event.type === "track" && event.event === did;
	return (did === "*" || byType || byName) && (where === undefined || suits(event.properties, where));
}

function suits(properties: JsonObject | undefined, predicate: Predicate): boolean {
	if ("all" in predicate) return predicate.all.every((inner) => suits(properties, inner));
	if ("any" in predicate) return predicate.any.some((inner) => suits(properties, inner));
	if ("not" in predicate) return !suits(properties, predicate.not);
	return passes(at(properties, predicate.prop), predicate);
}

function passes(value: Json | undefined, test: Operation): boolean {
	if ("exists" in test) return (value !== undefined) === test.exists;
	if ("ne" in test) return value === undefined || !equal(value, test.ne);
	if (value === undefined) return false;
	if ("eq" in test) return equal(value, test.eq);
	if ("in" in test) return test.in.some((one) => equal(value, one));
	if ("starts" in test) return typeof value === "string" && value.slice(0, test.starts.length) === test.starts;
	if ("contains" in test) {
		if (Array.isArray(value)) return value.some((member) => equal(member, test.contains));
		return typeof value === "string" && typeof test.contains === "string" && value.indexOf(test.contains) >= 0;
	}
	const [[operator, bound] = []] = Object.entries(test).filter(([key]) => key !== "trait" && key !== "prop");
	const read = typeof bound === "number" ? asNumber : asInstant;
	const [a, b] = [read(value), read(bound as Json)];
	return a !== null && b !== null && compares(a, { [operator as string]: b });
}

const asNumber = (value: Json) => (typeof value === "number" ? value : null);

/** Of the dates in these tests: with a `T`, with or without a zone; or a day. */
function asInstant(value: Json): number | null {
	if (typeof value !== "string") return null;
	if (/^\d{4}-\d\d-\d\d$/.test(value)) return Date.parse(`${value}T00:00:00Z`);
	if (/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{3})?)?$/.test(value)) return Date.parse(`${value}Z`);
	if (/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{3})?)?(Z|[+-]\d\d:\d\d)$/.test(value)) return Date.parse(value);
	return null;
}

function compares(actual: number, comparison: object): boolean {
	const [[operator, bound] = []] = Object.entries(comparison) as [string, number][];
	const sign = Math.sign(actual - (bound as number));
	const fits: Record<string, readonly number[]> = {
		eq: [0],
		ne: [-1, 1],
		gt: [1],
		gte: [0, 1],
		lt: [-1],
		lte: [-1, 0],
	};
	return (fits[operator as string] as readonly number[]).includes(sign === 0 ? 0 : sign);
}

function at(value: Json | undefined, path: string): Json | undefined {
	const keys: string[] = [];
	let key = "";
	for (let index = 0; index < path.length; index++) {
		if (path[index] === "\\" && path[index + 1] === ".") {
			key += ".";
			index += 1;
		} else if (path[index] === ".") {
			keys.push(key);
			key = "";
		} else key += path[index];
	}
	keys.push(key);
	let inner: Json | undefined = value;
	for (const name of keys) {
		if (typeof inner !== "object" || inner === null || Array.isArray(inner)) return undefined;
		inner = Object.entries(inner).find(([own]) => own === name)?.[1];
	}
	return inner === null ? undefined : inner;
}

function equal(a: Json | undefined, b: Json | undefined): boolean {
	if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b;
	if (Array.isArray(a) || Array.isArray(b)) {
		if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
		return a.every((member, index) => equal(member, b[index]));
	}
	const keys = Object.keys(a);
	return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && equal(a[key], b[key]));
}

function ms(duration: string): number {
	const unit = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 }[duration.at(-1) as string] as number;
	return Number(duration.slice(0, -1)) * unit * 1_000;
}
