import type { Claims, EventType, Identifier, Trust } from "@selfsame/protocol";
import type { IdentityConfig } from "./config.ts";
import { type Blocked, normaliseEmail, normaliseValue } from "./normalise.ts";
import { compareUtf8 } from "./order.ts";

/** Whom an event is about, after normalising, blocking and believing. */
export interface Named {
	/** Usable identifiers by (priority, type, value). The first is the lead; without any the event is unattributed. */
	identifiers: Identifier[];
	/** An alias's `previousId`: a user or an anonymous id, which only the whole event set tells. */
	previousId?: string;
	/** The group a `group` event names. */
	groupId?: string;
}

/** Types that only their own field may claim, never `context.externalIds`. */
const reservedTypes: ReadonlySet<string> = new Set(["user_id", "anonymous_id", "email"]);

/** Orders identifiers by (priority, type, value), best first. */
export function compareIdentifiers(config: IdentityConfig, a: Identifier, b: Identifier): number {
	const rank = priorityOf(config, a.type) - priorityOf(config, b.type);
	return rank || compareUtf8(a.type, b.type) || compareUtf8(a.value, b.value);
}

/** The priority of a type; one that the workspace does not know comes last. */
export function priorityOf(config: IdentityConfig, type: string): number {
	return config.identifiers[type]?.priority ?? Number.MAX_SAFE_INTEGER;
}

/**
 * Reads the usable identifiers off an event. From a client source, whose key anybody can read off the page, only
 * `user_id`, `anonymous_id` and an email that was proven identify.
 */
export function identifiersOf(
	event: { type: EventType; trust: Trust; claims: Claims },
	config: IdentityConfig,
	blocked: Blocked,
): Named {
	const { claims } = event;
	const identifiers: Identifier[] = [];
	const known = new Set<string>();
	const add = (type: string, value: string | null) => {
		if (value === null || blocked(value)) return;
		// A value may hold anything, a type may not hold a line break.
		if (known.size === known.add(`${type}\n${value}`).size) return;
		identifiers.push({ type, value });
	};

	if (claims.userId !== undefined) add("user_id", normaliseValue(claims.userId));
	if (claims.anonymousId !== undefined) add("anonymous_id", normaliseValue(claims.anonymousId));
	if (config.identifiers.email) for (const email of claims.provenEmails ?? []) add("email", normaliseEmail(email));
	if (event.trust === "server") addTrustedClaims(event.type, claims, config, add);
	if (identifiers.length > 1) identifiers.sort((a, b) => compareIdentifiers(config, a, b));

	const named: Named = { identifiers };
	if (event.type === "alias" && identifiers[0]?.type === "user_id") {
		const previousId = usable(claims.previousId, blocked);
		if (previousId !== null) named.previousId = previousId;
	}
	if (event.type === "group") {
		const groupId = usable(claims.groupId, blocked);
		if (groupId !== null) named.groupId = groupId;
	}
	return named;
}

function addTrustedClaims(
	type: EventType,
	claims: Claims,
	config: IdentityConfig,
	add: (type: string, value: string | null) => void,
): void {
	// The email in a group's traits is the group's, not the caller's.
	if (type !== "group" && config.identifiers.email) {
		for (const email of claims.emails ?? []) add("email", normaliseEmail(email));
	}
	for (const external of claims.externalIds ?? []) {
		if (reservedTypes.has(external.type) || !Object.hasOwn(config.identifiers, external.type)) continue;
		add(external.type, normaliseValue(external.id));
	}
}

function usable(raw: unknown, blocked: Blocked): string | null {
	const value = normaliseValue(raw);
	return value === null || blocked(value) ? null : value;
}
