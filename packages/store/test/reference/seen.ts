import type { AcceptedEvent, Identifier } from "@selfsame/protocol";
import type { Evidence } from "./evidence.ts";
import type { Keyed } from "./people.ts";
import type { ReplayInput } from "./replayInput.ts";

export interface Seen {
	isShared(x: Keyed): boolean;
	/** Whether a user was seen with too many identifiers of the type of x. */
	isCrowded(lead: Keyed, x: Keyed): boolean;
	/** What the event's `previousId` means; null when it has none that could link. */
	previousOf(event: AcceptedEvent): Keyed | null;
}

/** What is seen anywhere in the set counts at every time, so it is gathered before the first event is processed. */
export function gatherSeen(
	evidence: ReadonlyMap<AcceptedEvent, Evidence>,
	{ keyAt, config, rules }: Pick<ReplayInput, "keyAt" | "config" | "rules">,
): Seen {
	const asUser = new Map<string, AcceptedEvent[]>();
	const asAnonymous = new Set<string>();
	const usersOf = new Map<string, Set<string>>();
	const identifiersOf = new Map<string, Set<string>>();
	const hasLimit = (type: string) => type !== "user_id" && typeof config.identifiers[type]?.limit === "number";
	const keyed = (event: AcceptedEvent, type: string, value: string): Keyed => {
		const identifier: Identifier = { type, value };
		return { ...identifier, key: keyAt(identifier, event) };
	};
	for (const [event, { userId, anonymousId, identifiers }] of evidence) {
		const user = userId === undefined ? null : keyed(event, "user_id", userId).key;
		const device = anonymousId === undefined ? null : keyed(event, "anonymous_id", anonymousId).key;
		if (user !== null) asUser.set(user, [...(asUser.get(user) ?? []), event]);
		if (device !== null) asAnonymous.add(device);
		for (const { type, value } of user === null ? [] : identifiers.filter((one) => hasLimit(one.type))) {
			const { key } = keyed(event, type, value);
			usersOf.set(key, (usersOf.get(key) ?? new Set()).add(user as string));
			const crowd = `${user} ${type}`;
			identifiersOf.set(crowd, (identifiersOf.get(crowd) ?? new Set()).add(key));
		}
		if (user !== null && device !== null) usersOf.set(device, (usersOf.get(device) ?? new Set()).add(user));
	}
	return {
		isShared(x) {
			const users = usersOf.get(x.key)?.size ?? 0;
			if (x.type === "anonymous_id") return rules.isShared(users, config.maxUsersPerAnonymousId);
			return hasLimit(x.type) && rules.isShared(users, config.maxUsersPerIdentifier);
		},
		isCrowded: (lead, x) =>
			lead.type === "user_id" &&
			hasLimit(x.type) &&
			rules.isCrowded(identifiersOf.get(`${lead.key} ${x.type}`)?.size ?? 0, config.maxIdentifiersPerUser),
		previousOf(event) {
			const previousId = evidence.get(event)?.previousId;
			if (previousId === undefined) return null;
			const user = keyed(event, "user_id", previousId);
			const device = keyed(event, "anonymous_id", previousId);
			const isUser = (asUser.get(user.key) ?? []).some((sighting) => rules.tellsUser(sighting, event));
			const seen = { asAnonymous: asAnonymous.has(device.key), asUser: isUser };
			return rules.previousIdIs(seen) === "anonymous" ? device : user;
		},
	};
}
