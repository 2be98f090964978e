import {
	type Candidate,
	compareIdentifiers,
	createBlocked,
	type IdentityConfig,
	identifiersOf,
	type Named,
	normaliseValue,
} from "@selfsame/identity";
import type { AcceptedEvent, Identifier, Json, JsonObject } from "@selfsame/protocol";
import type { ErasedName, IdentifierRow } from "./identifierRows.ts";
import { isBelievedUser } from "./standing.ts";
import { withoutExternalId, withoutName } from "./withoutName.ts";

/** An event on its way into the store, with the rows of those that it names. */
export interface Incoming {
	event: AcceptedEvent;
	named: Named;
	seq: number;
	/** Null: the event identifies nobody. */
	lead: IdentifierRow | null;
	others: IdentifierRow[];
	/** Both readings of an alias's `previousId`. */
	alias: { previousUser: IdentifierRow; previousAnonymous: IdentifierRow } | null;
}

/** An event that another database of this workspace had stored, and the names in it that were deleted since. */
export interface RestoredEvent {
	/** The number it had. */
	seq: number;
	event: AcceptedEvent;
	/** The lead first, where that is one of them. */
	erased: (ErasedName & { led: boolean })[];
	/** Both readings of an alias's `previousId`, where its claims do not tell them any more. */
	previous: { user: Identifier | ErasedName; anonymous: Identifier | ErasedName } | null;
}

/** Where the rows of identifiers come from, which are made where they are missing. */
export interface IdentifierSource {
	/** The row that an event dated `timestamp` means by an identifier. */
	resolve(identifier: Identifier, timestamp: number): IdentifierRow;
	resolveErased(name: ErasedName): IdentifierRow;
}

/** Both readings of a `previousId`. */
export const readingsOf = (previousId: string): { user: Identifier; anonymous: Identifier } => ({
	user: { type: "user_id", value: previousId },
	anonymous: { type: "anonymous_id", value: previousId },
});

/** Tells whom events name. */
export function createNaming(config: IdentityConfig) {
	const blocked = createBlocked(config);
	/** The identifiers that an event carries, the leading one first. */
	const namesOf = (event: AcceptedEvent): Named => identifiersOf(event, config, blocked);

	/** @param named what `namesOf` said of the event. */
	const name = (event: AcceptedEvent, seq: number, { resolve }: IdentifierSource, named = namesOf(event)): Incoming => {
		const rows = named.identifiers.map((identifier) => resolve(identifier, event.timestamp));
		const [lead = null, ...others] = rows;
		if (named.previousId === undefined) return { event, named, seq, lead, others, alias: null };
		const { user, anonymous } = readingsOf(named.previousId);
		const alias = {
			previousUser: resolve(user, event.timestamp),
			previousAnonymous: resolve(anonymous, event.timestamp),
		};
		return { event, named, seq, lead, others, alias };
	};

	/** The same for an event from another database, whose deleted names only their hashes tell. */
	const nameRestored = ({ event, seq, erased, previous }: RestoredEvent, source: IdentifierSource): Incoming => {
		const incoming = name(event, seq, source);
		if (erased.length > 0) {
			const led = erased.filter((one) => one.led).map(source.resolveErased);
			const rows = [...led, ...(incoming.lead ? [incoming.lead] : []), ...incoming.others];
			rows.push(...erased.filter((one) => !one.led).map(source.resolveErased));
			const usable = rows.filter(({ type }) => config.identifiers[type]);
			const ofType = ({ type }: IdentifierRow) => ({ type, value: "" });
			const [lead = null, ...others] = usable.sort((a, b) => compareIdentifiers(config, ofType(a), ofType(b)));
			Object.assign(incoming, { lead, others });
		}
		if (previous && incoming.lead?.type === "user_id") {
			const rowOf = (one: Identifier | ErasedName) =>
				"value" in one ? source.resolve(one, event.timestamp) : source.resolveErased(one);
			incoming.alias = { previousUser: rowOf(previous.user), previousAnonymous: rowOf(previous.anonymous) };
		}
		return incoming;
	};

	return { namesOf, name, nameRestored };
}

/** The events as identity sees them: those that identify somebody. */
export function toCandidates(events: readonly Incoming[]): Candidate[] {
	return events.flatMap(({ event, seq, lead, others, alias }) => {
		if (!lead) return [];
		const { timestamp, messageId, source } = event;
		const position = { timestamp, messageId, source };
		const candidate: Candidate = {
			seq,
			position,
			lead: lead.id,
			others: others.map(({ id }) => id),
			believed: isBelievedUser(event),
		};
		if (alias) {
			const { previousUser, previousAnonymous } = alias;
			const trusted = event.trust === "server";
			candidate.alias = { previousUser: previousUser.id, previousAnonymous: previousAnonymous.id, trusted };
		}
		return [candidate];
	});
}

/** A late event may name what was deleted since: the event is kept, the name is not. */
export function withoutDeadNames(incoming: Incoming): Incoming {
	const { event, named, lead, others, alias } = incoming;
	const rows = alias ? [lead, ...others, alias.previousUser, alias.previousAnonymous] : [lead, ...others];
	if (rows.every((row) => row?.value !== null)) return incoming;
	const { user, anonymous } = readingsOf(named.previousId ?? "");
	const names = [...named.identifiers, user, anonymous];
	let { claims, payload } = event;
	for (const [index, row] of rows.entries()) {
		const name = names[index];
		if (row?.value !== null || !name) continue;
		claims = withoutName(claims, name);
		payload = JSON.stringify(withoutExternalId(JSON.parse(payload) as JsonObject, name));
	}
	return { ...incoming, event: { ...event, claims, payload } };
}

/**
 * The claims that are stored with an event. Most events claim a user and an anonymous id in their one spelling, which the
 * identifiers hold already. Anything more is kept as it came: placeholders, other spellings, and what another set of
 * identity rules would read.
 */
export function claimsToKeep({ event: { claims }, lead, others }: Incoming): string | null {
	const known = (type: string, value: string | number) => {
		const row = lead?.type === type ? lead : others.find((other) => other.type === type);
		return row !== undefined && (row.value === null || (row.value === value && normaliseValue(value) === value));
	};
	const { userId, anonymousId, ...rest } = claims;
	const kept: { [name: string]: Json } = { ...(rest as { [name: string]: Json }) };
	if (userId !== undefined && !known("user_id", userId)) kept.userId = userId;
	if (anonymousId !== undefined && !known("anonymous_id", anonymousId)) kept.anonymousId = anonymousId;
	for (const name in kept) return name && JSON.stringify(kept);
	return null;
}
