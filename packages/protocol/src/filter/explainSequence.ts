import type { Json } from "../event.ts";
import type { Reason, Sequence, Step } from "../filter.ts";
import { canonicalJson } from "./canonicalJson.ts";
import { durationOf } from "./parseDuration.ts";
import { isMeant, propertyOf, type Question, type SubjectEvent, testProperties, toDeciding } from "./subject.ts";

/** One way in which the steps so far were fulfilled. */
interface Chain {
	/** The event of the last `did`, by its place among the profile's events. */
	at: number;
	/** Which step that was. */
	step: number;
	before: Chain | null;
	/** When the last step ended, if a `not_did` was the last: what comes next comes after it. */
	closedAt: number | null;
	/** Nothing after this place continues the chain, since it broke a `not_did` without an end. */
	openUntil: number;
}

/** How far the steps could be fulfilled, and which event ended it. */
interface Progress {
	chains: Chain[];
	/** The event that broke a `not_did`, and the step. */
	broken: { chain: Chain; at: number; step: number } | null;
}

const endless = Number.POSITIVE_INFINITY;

/** Follows every way to fulfil the steps at once, event by event. */
export function explainSequence({ sequence }: Sequence, question: Question): Omit<Reason, "path"> {
	const [first, ...rest] = sequence;
	const events = question.subject.events;
	const from = first.within === undefined ? -endless : question.now - durationOf(first.within);
	const until = first.within === undefined ? endless : question.now;
	let chains = placesOf(events, first.did, first)
		.filter((at) => timeOf(events, at) >= from && timeOf(events, at) <= until)
		.map((at): Chain => ({ at, step: 0, before: null, closedAt: null, openUntil: endless }));
	let furthest: Progress = { chains, broken: null };
	for (const [before, step] of rest.entries()) {
		const index = before + 1;
		const progress =
			step.did === undefined
				? waitOut(chains, step, { index, isLast: index === rest.length }, question)
				: advance(chains, step, index, question);
		chains = progress.chains;
		if (chains.length > 0 || progress.broken) furthest = progress;
		if (chains.length === 0) break;
	}
	const broken = chains.length === 0 ? furthest.broken : null;
	const chain = broken?.chain ?? furthest.chains[0];
	const shown = chain ? eventsOf(chain, events) : [];
	if (broken) shown.push(toDeciding(events[broken.at] as SubjectEvent, broken.step));
	return { result: chains.length > 0, ...(shown.length > 0 ? { events: shown } : {}) };
}

/** Every event that can follow some chain; the latest such chain stands for all, since any will do. */
function advance(chains: readonly Chain[], step: Step, index: number, { subject: { events } }: Question): Progress {
	const within = step.within === undefined ? endless : durationOf(step.within);
	const byValue = Map.groupBy(chains, (chain) => sharedValue(events, chain.at, step));
	const next: Chain[] = [];
	for (const at of placesOf(events, step.did as string, step)) {
		const value = sharedValue(events, at, step);
		const candidates = value === null ? [] : (byValue.get(value) ?? []);
		const before = latestBefore(candidates, at, { events, within });
		if (before) next.push({ at, step: index, before, closedAt: null, openUntil: endless });
	}
	return { chains: next, broken: null };
}

/** The latest chain that an event may continue. Chains are in the order of their ends. */
function latestBefore(
	chains: readonly Chain[],
	at: number,
	{ events, within }: { events: readonly SubjectEvent[]; within: number },
): Chain | null {
	const following = firstWhere(chains, (chain) => !follows(chain, at, events));
	for (let index = following - 1; index >= 0; index--) {
		const chain = chains[index] as Chain;
		if (timeOf(events, at) > endOf(chain, events) + within) return null;
		if (at <= chain.openUntil) return chain;
	}
	return null;
}

/** Keeps the chains after which no such event happened while it mattered. */
function waitOut(
	chains: readonly Chain[],
	step: Step,
	{ index, isLast }: { index: number; isLast: boolean },
	{ subject: { events }, now }: Question,
): Progress {
	const breaking = Map.groupBy(placesOf(events, step.not_did as string, step), (at) => sharedValue(events, at, step));
	const kept: Chain[] = [];
	let broken: Progress["broken"] = null;
	for (const chain of chains) {
		const value = sharedValue(events, chain.at, step);
		const places = value === null ? [] : (breaking.get(value) ?? []);
		const first = places[firstWhere(places, (at) => follows(chain, at, events))];
		const end = step.within === undefined ? endless : endOf(chain, events) + durationOf(step.within);
		const isOpen = end === endless && !isLast;
		if (isOpen) kept.push({ ...chain, openUntil: first ?? endless });
		else if (first !== undefined && timeOf(events, first) <= end) broken ??= { chain, at: first, step: index };
		else if (end === endless) kept.push(chain);
		else if (now > end) kept.push({ ...chain, closedAt: end });
	}
	return { chains: kept, broken };
}

/** The places of the events that a step means, in their order. */
function placesOf(events: readonly SubjectEvent[], did: string, { where }: Pick<Step, "where">): number[] {
	return events.flatMap((event, at) =>
		isMeant(event, did) && (!where || testProperties(event.properties, where)) ? [at] : [],
	);
}

/** What two events must share for a step: undefined where it asks for nothing, null where the event has no such value. */
function sharedValue(events: readonly SubjectEvent[], at: number, { same }: Step): string | null | undefined {
	if (same === undefined) return undefined;
	const value: Json | undefined = propertyOf(events[at]?.properties, same);
	return value === undefined ? null : canonicalJson(value);
}

/** The index of the first item for which something holds that holds for all after it too; the length where for none. */
function firstWhere<T>(items: readonly T[], holds: (item: T) => boolean): number {
	let [low, high] = [0, items.length];
	while (low < high) {
		const middle = (low + high) >> 1;
		if (holds(items[middle] as T)) high = middle;
		else low = middle + 1;
	}
	return low;
}

function eventsOf(chain: Chain, events: readonly SubjectEvent[]) {
	const shown = [];
	for (let link: Chain | null = chain; link; link = link.before) {
		shown.unshift(toDeciding(events[link.at] as SubjectEvent, link.step));
	}
	return shown;
}

function timeOf(events: readonly SubjectEvent[], at: number): number {
	return (events[at] as SubjectEvent).timestamp;
}

function endOf(chain: Chain, events: readonly SubjectEvent[]): number {
	return chain.closedAt ?? timeOf(events, chain.at);
}

/** Whether an event comes after a chain's end: after the event itself, or once a time is over. */
function follows(chain: Chain, at: number, events: readonly SubjectEvent[]): boolean {
	return chain.closedAt === null ? at > chain.at : timeOf(events, at) > chain.closedAt;
}
