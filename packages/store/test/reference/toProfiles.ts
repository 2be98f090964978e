import type { IdentityConfig } from "@selfsame/identity";
import type { AcceptedEvent, Identifier, Json, JsonObject, Profile, TraitWrite } from "@selfsame/protocol";
import { compareIdentifiers, evidenceOf } from "./evidence.ts";
import { compareBytes, comparePositions, type Position } from "./order.ts";
import type { Keyed, Person } from "./people.ts";
import type { Replay, SeenIdentifier } from "./replay.ts";
import type { Rules } from "./rules.ts";

/** A profile with what its sub-resources say. */
export interface ProfileState {
	profile: Profile;
	/** `source/messageId` of each event it owns, oldest first. */
	events: string[];
	/** By trait key: every write, newest first. */
	history: Record<string, TraitWrite[]>;
	/** `identifier from lead: reason (source/messageId)` of each link refused in an event it owns, sorted. */
	refused: string[];
}

export interface ViewInput {
	replay: Replay;
	/** Group traits by group id. */
	groups: ReadonlyMap<string, JsonObject>;
	/** Whether an identifier's generation is the newest: older ones were deleted and are shown nowhere. */
	isVisible(key: string): boolean;
	/** The profile id that comes from an identifier. */
	idOf(identifier: Identifier): string;
	config: IdentityConfig;
	rules: Rules;
}

export const nameOf = ({ type, value }: Identifier): string => `${type}:${value}`;
export const eventName = ({ source, messageId }: Position): string => `${source}/${messageId}`;
const iso = (ms: number): string => new Date(ms).toISOString();
const byValue = (a: string, b: string) => compareBytes(a, b);

export function toProfiles(input: ViewInput): ProfileState[] {
	const states = input.replay.people.map((person) => toProfile(person, input)).filter((state) => state !== null);
	return states.sort((a, b) => byValue(a.profile.id, b.profile.id));
}

/**
 * Null when all it holds was deleted: such a profile has no name. And when no event is its own, as of two that a person
 * merged and whose events are gone since.
 */
function toProfile(person: Person, input: ViewInput): ProfileState | null {
	const { replay, config, rules, isVisible, groups } = input;
	const shown = [...person.held.values()]
		.filter(({ key }) => isVisible(key) && replay.seen.has(key))
		.sort(compareIdentifiers(config));
	const best = earliestOfBestType(shown, replay);
	if (best === undefined || person.events.length === 0) return null;
	const events = [...person.events].sort(comparePositions);
	const history = traitHistory(events, rules);
	const names = new Set(events.map((event) => evidenceOf(event, config).groupId).filter((id) => id !== undefined));
	const first = events[0];
	const last = events.at(-1);
	return {
		profile: {
			id: input.idOf({ type: best.type, value: best.value }),
			identifiers: shown.map(({ key, type, value }) => ({
				type,
				value,
				firstSeen: iso(replay.seen.get(key)?.first.timestamp ?? Number.NaN),
				lastSeen: iso(replay.seen.get(key)?.last.timestamp ?? Number.NaN),
			})),
			pastIdentifiers: pastIdentifiers(person, input),
			traits: winners(history),
			groups: [...names].sort(byValue).map((id) => ({ id, traits: groups.get(id) ?? {} })),
			eventCount: events.length,
			firstSeen: first === undefined ? null : iso(first.timestamp),
			lastSeen: last === undefined ? null : iso(last.timestamp),
		},
		events: events.map(eventName),
		history,
		refused: refusedIn(new Set(events), input),
	};
}

function earliestOfBestType(shown: readonly Keyed[], { seen }: Replay): Keyed | undefined {
	const best = shown.filter(({ type }) => type === shown[0]?.type);
	const firstOf = ({ key }: Keyed) => seen.get(key)?.first as Position;
	return best.sort((a, b) => comparePositions(firstOf(a), firstOf(b)) || byValue(a.value, b.value))[0];
}

/** What it held and holds no more: one entry for each, from its first such span to its last. */
function pastIdentifiers(person: Person, { replay, isVisible, config }: ViewInput): Profile["pastIdentifiers"] {
	const keys = new Set(person.spans.map(({ key }) => key).filter((key) => !person.held.has(key) && isVisible(key)));
	const past = [...keys].map((key) => {
		const spans = person.spans.filter((span) => span.key === key);
		const beginnings = spans.map(({ from }) => from);
		const ends = spans.map(({ to }) => to as Position);
		const from = beginnings.includes(null) ? null : (beginnings as Position[]).sort(comparePositions)[0];
		const to = ends.sort(comparePositions).at(-1) as Position;
		const { type, value } = (replay.seen.get(key) as SeenIdentifier).identifier;
		return { type, value, from: from ? iso(from.timestamp) : null, to: iso(to.timestamp) };
	});
	return past.sort(comparePast(config));
}

export function comparePast(config: IdentityConfig) {
	type Past = Profile["pastIdentifiers"][number];
	return (a: Past, b: Past): number =>
		compareIdentifiers(config)(a, b) || byValue(a.from ?? "", b.from ?? "") || byValue(a.to, b.to);
}

function traitHistory(events: readonly AcceptedEvent[], rules: Rules): Record<string, TraitWrite[]> {
	const history: Record<string, TraitWrite[]> = {};
	const writers = events
		.filter(({ type, traits }) => type === "identify" && traits !== undefined)
		.sort(rules.traitOrder);
	for (const event of writers.reverse()) {
		for (const [key, value] of Object.entries(event.traits ?? {})) {
			const writes = history[key] ?? [];
			history[key] = writes;
			const { messageId, source } = event;
			const won = writes.length === 0 || (!rules.remembersNull && writes.every((write) => write.value === null));
			writes.push({ value, timestamp: iso(event.timestamp), messageId, source, won });
		}
	}
	return history;
}

function winners(history: Record<string, TraitWrite[]>): JsonObject {
	const traits: Record<string, Json> = {};
	for (const key of Object.keys(history).sort(byValue)) {
		const value = history[key]?.findLast((write) => write.won)?.value;
		if (value !== undefined && value !== null) traits[key] = value;
	}
	return traits;
}

/** The same rule for a group, over the writes of everyone who was ever in it. */
export function groupTraits(writes: readonly AcceptedEvent[], rules: Rules): JsonObject {
	return winners(
		traitHistory(
			writes.map((event) => ({ ...event, type: "identify" })),
			rules,
		),
	);
}

function refusedIn(events: ReadonlySet<AcceptedEvent>, { replay, isVisible }: ViewInput): string[] {
	return replay.refused
		.filter(({ event, identifier, from }) => events.has(event) && isVisible(identifier.key) && isVisible(from.key))
		.map(
			({ identifier, from, reason, event }) =>
				`${nameOf(identifier)} from ${nameOf(from)}: ${reason} (${eventName(event)})`,
		)
		.sort(byValue);
}
