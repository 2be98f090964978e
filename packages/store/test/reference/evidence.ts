import type { IdentityConfig } from "@selfsame/identity";
import type { AcceptedEvent, Identifier } from "@selfsame/protocol";
import { compareBytes } from "./order.ts";

/** What one event names, after normalising, dropping placeholders, and deciding whom to believe. */
export interface Evidence {
	/** Without duplicates, sorted by (priority, type, value). The first leads. Holds no `previousId` yet. */
	identifiers: Identifier[];
	userId?: string;
	anonymousId?: string;
	/** Only of an alias that names a user: another alias links no `previousId`. */
	previousId?: string;
	groupId?: string;
}

const builtInBlocked = new Set(
	`null undefined none nil nan n/a na anonymous anonymousid anon guest unknown user userid user_id id distinct_id
	distinctid email true false not_authenticated void -1 (null)`.split(/\s+/),
);
builtInBlocked.add("(not set)").add("[object object]");

/** Trimmed and stripped of surrounding pairs of quotes until nothing changes. */
function normalise(value: string | number): string {
	let text = String(value);
	for (;;) {
		const trimmed = text.trim();
		const quoted = trimmed.length >= 2 && /^['"]/.test(trimmed) && trimmed[0] === trimmed.at(-1);
		const next = quoted ? trimmed.slice(1, -1) : trimmed;
		if (next === text) return text;
		text = next;
	}
}

export function isBlocked(value: string, config: IdentityConfig): boolean {
	const lower = value.toLowerCase();
	return (
		/^[0-]*$/.test(value) ||
		builtInBlocked.has(lower) ||
		config.blockedValues.some((blocked) => blocked.toLowerCase() === lower)
	);
}

function usable(value: string | number | undefined, config: IdentityConfig): string | undefined {
	if (value === undefined) return undefined;
	const text = normalise(value);
	return isBlocked(text, config) ? undefined : text;
}

export function compareIdentifiers(config: IdentityConfig): (a: Identifier, b: Identifier) => number {
	const priority = (type: string) => config.identifiers[type]?.priority ?? 0;
	return (a, b) =>
		priority(a.type) - priority(b.type) || compareBytes(a.type, b.type) || compareBytes(a.value, b.value);
}

export function evidenceOf(event: AcceptedEvent, config: IdentityConfig): Evidence {
	const { claims } = event;
	const found: Identifier[] = [];
	const add = (type: string, value: string | undefined) => {
		if (value === undefined || !(type in config.identifiers)) return;
		if (!found.some((one) => one.type === type && one.value === value)) found.push({ type, value });
	};
	const userId = usable(claims.userId, config);
	const anonymousId = usable(claims.anonymousId, config);
	add("user_id", userId);
	add("anonymous_id", anonymousId);
	const emails = [...(claims.provenEmails ?? []), ...(event.trust === "server" ? (claims.emails ?? []) : [])];
	for (const email of emails) {
		const value = usable(email, config)?.toLowerCase();
		if (value !== undefined && /^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(value)) add("email", value);
	}
	if (event.trust === "server") {
		for (const { type, id } of claims.externalIds ?? []) {
			if (!["user_id", "anonymous_id", "email"].includes(type)) add(type, usable(id, config));
		}
	}
	found.sort(compareIdentifiers(config));
	const evidence: Evidence = { identifiers: found };
	if (userId !== undefined) evidence.userId = userId;
	if (anonymousId !== undefined) evidence.anonymousId = anonymousId;
	const previousId = usable(claims.previousId, config);
	if (event.type === "alias" && userId !== undefined && previousId !== undefined) evidence.previousId = previousId;
	const groupId = usable(claims.groupId, config);
	if (event.type === "group" && groupId !== undefined) evidence.groupId = groupId;
	return evidence;
}
