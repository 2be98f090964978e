import type { AcceptedEvent, Identifier, IdentityView } from "@selfsame/protocol";
import { compareIdentifiers, type Evidence, evidenceOf } from "./evidence.ts";
import { createPeople, type Keyed, type Person } from "./people.ts";
import type { ReplayInput } from "./replayInput.ts";
import { gatherSeen } from "./seen.ts";

interface Refusal {
	identifier: Keyed;
	/** The lead that it was not linked to. */
	from: Keyed;
	reason: IdentityView["refused"][number]["reason"];
	event: AcceptedEvent;
}

/** The first and the last event that carries an identifier, whoever it belongs to. */
export interface SeenIdentifier {
	identifier: Identifier;
	first: AcceptedEvent;
	last: AcceptedEvent;
}

export interface Replay {
	people: Person[];
	unattributed: AcceptedEvent[];
	refused: Refusal[];
	/** By key. */
	seen: Map<string, SeenIdentifier>;
}

/** The rule as it is written: all events in order, from the start, with maps. */
export function replay(input: ReplayInput): Replay {
	const { corrections, keyAt, config, rules } = input;
	const events = [...input.events].sort(rules.order);
	const evidence = new Map(events.map((event) => [event, evidenceOf(event, config)]));
	const { isShared, isCrowded, previousOf } = gatherSeen(evidence, input);
	const people = createPeople(config, rules);
	const result: Replay = { people: [], unattributed: [], refused: [], seen: new Map() };
	const refuse = (identifier: Keyed, from: Keyed, reason: Refusal["reason"], event: AcceptedEvent) =>
		result.refused.push({ identifier, from, reason, event });
	const isUnmerged = (event: AcceptedEvent, { userId, previousId }: Evidence) => {
		const names = [userId, previousId].filter((name) => name !== undefined);
		return corrections.some((correction) => rules.isUnmerged(event, names, correction));
	};
	const isUnlinked = (event: AcceptedEvent, lead: Identifier, x: Identifier) =>
		corrections.some((correction) => rules.isUnlinked(event, lead, x, correction));

	for (const [event, found] of evidence) {
		if (found.identifiers.length === 0) {
			result.unattributed.push(event);
			continue;
		}
		const all: Keyed[] = found.identifiers.map((one) => ({ ...one, key: keyAt(one, event) }));
		const previous = previousOf(event);
		const isNews = previous?.type === "anonymous_id" && !all.some(({ key }) => key === previous.key);
		if (isNews) all.push(previous);
		all.sort(compareIdentifiers(config));
		for (const one of previous?.type === "user_id" ? [...all, previous] : all) noteSeen(result, one, event);

		const [lead, ...others] = all as [Keyed, ...Keyed[]];
		const person = people.ownerOrNew(lead);
		person.events.push(event);
		for (const x of others) {
			if (isShared(x) || isShared(lead)) refuse(x, lead, "shared", event);
			else if (isCrowded(lead, x)) refuse(x, lead, "crowded", event);
			else if (isNews && x === previous && isUnmerged(event, found)) refuse(x, lead, "unmerged", event);
			else if (isUnlinked(event, lead, x)) refuse(x, lead, "unlinked", event);
			else {
				const reason = people.link(person, x, event);
				if (reason !== null) refuse(x, lead, reason, event);
			}
		}
	}

	// The layer above: whatever happened below, the users that an alias or a person joined are one.
	const joined: [Keyed, Keyed][] = mergesThatStand(input);
	for (const [event, found] of evidence) {
		const previous = previousOf(event);
		if (previous?.type !== "user_id" || found.userId === undefined || found.userId === previous.value) continue;
		const identifier = { type: "user_id", value: found.userId };
		const user = { ...identifier, key: keyAt(identifier, event) };
		if (!rules.mayJoinUsers(event)) refuse(previous, user, "untrusted", event);
		else if (isUnmerged(event, found)) refuse(previous, user, "unmerged", event);
		else if (isUnlinked(event, user, previous)) refuse(previous, user, "unlinked", event);
		else joined.push([user, previous]);
	}
	for (const [a, b] of joined) people.join(a, b);
	result.people = people.all();
	return result;
}

function noteSeen({ seen }: Replay, { key, type, value }: Keyed, event: AcceptedEvent): void {
	const known = seen.get(key);
	if (known === undefined) seen.set(key, { identifier: { type, value }, first: event, last: event });
	else known.last = event;
}

function mergesThatStand({ corrections, keyAt, rules }: ReplayInput): [Keyed, Keyed][] {
	return corrections.flatMap((merge, made) => {
		if (merge.kind !== "merge") return [];
		const names = [merge.userId, merge.otherUserId];
		const [one, other] = names.map((value) => ({ type: "user_id", value })) as [Identifier, Identifier];
		// It is no evidence with a time of its own: whatever correction was made later undoes it, and none that was before.
		const moment = { timestamp: Number.NEGATIVE_INFINITY, messageId: "", source: "" };
		const undone = corrections
			.slice(made + 1)
			.some((later) => rules.isUnmerged(moment, names, later) || rules.isUnlinked(moment, one, other, later));
		if (undone) return [];
		const [a, b] = names.map((value): Keyed => {
			const identifier = { type: "user_id", value };
			return { ...identifier, key: keyAt(identifier, merge.at) };
		}) as [Keyed, Keyed];
		return [[a, b]];
	});
}
