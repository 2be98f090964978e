import type { Draft } from "./draft.ts";
import type { AliasRow } from "./facts.ts";
import { findRoot } from "./findRoot.ts";
import type { Candidate, Revision } from "./plan.ts";

/**
 * Step 3 of the rule: aliases join users in a layer above. A `previousId` that was seen as an anonymous id and never as
 * a user is that anonymous id, and then links it like any other evidence. Seen means anywhere in the event set, so an
 * alias may change its reading long after it came. What a stranger sends with a public key says nothing about an alias
 * that is believed: for that one, only users in events that are believed or proven were seen.
 *
 * Returns the identifiers whose regions must be decided anew, because an alias began or ceased to link them.
 */
export function readAliases(draft: Draft, events: readonly Candidate[], revision: Revision): Set<number> {
	const touchedRegions = new Set<number>();
	const touchedGroups = new Set<number>(revision.groups);

	for (const event of events) noteSeen(draft, event);
	for (const id of new Set([...draft.plan.seen, ...draft.plan.believed])) {
		// An identifier that no row knew before this batch can be in no earlier alias.
		if (draft.identifier(id).fresh) continue;
		draft.attempt(() => rereadEarlierAliases(draft, id, touchedRegions, touchedGroups));
	}
	for (const id of revision.unseen ?? []) {
		draft.attempt(() => rereadEarlierAliases(draft, id, touchedRegions, touchedGroups));
	}
	const rows = events.flatMap((event) => aliasRowOf(draft, event));
	for (const row of rows) {
		draft.plan.readings.set(row.seq, row.as);
		if (row.as === "anonymous") addAnonymousLink(draft, row);
	}
	if (touchedGroups.size > 0) {
		for (const row of rows) touchedGroups.add(row.user).add(row.previousUser);
		draft.attempt(() => regroupUsers(draft, touchedGroups, rows));
	} else {
		for (const row of rows) draft.attempt(() => joinUsers(draft, row));
	}
	return touchedRegions;
}

function noteSeen(draft: Draft, { lead, others, believed }: Candidate): void {
	const { plan } = draft;
	const isUser = draft.isUser(lead);
	if (isUser && believed && !draft.isBelieved(lead)) plan.believed.add(lead);
	if (isUser && !believed && !draft.seen(lead)) plan.unproven.add(lead);
	for (const id of [lead, ...others]) if (!draft.seen(id)) plan.seen.add(id);
}

/** How a `previousId` reads: as the anonymous id it was seen as, unless it was ever seen as a user. */
function readingOf(draft: Draft, alias: Pick<AliasRow, "previousUser" | "previousAnonymous" | "trusted">) {
	const { previousUser, previousAnonymous, trusted } = alias;
	const isUser = trusted ? draft.isBelieved(previousUser) : draft.seen(previousUser);
	return draft.seen(previousAnonymous) && !isUser ? "anonymous" : "user";
}

function aliasRowOf(draft: Draft, event: Candidate): AliasRow[] {
	if (!event.alias) return [];
	const { previousUser, previousAnonymous, trusted } = event.alias;
	const { seq, position, lead: user } = event;
	const as = readingOf(draft, event.alias);
	return [{ seq, position, user, previousUser, previousAnonymous, as, trusted }];
}

/** What an alias links when its `previousId` is an anonymous id. */
function anonymousLink(row: AliasRow) {
	const { seq, position, user, previousAnonymous } = row;
	return { seq, position, lead: user, identifier: previousAnonymous, previous: true };
}

function addAnonymousLink(draft: Draft, row: AliasRow): void {
	draft.plan.addEvidence.push(anonymousLink(row));
	draft.plan.aliased.add(row.previousAnonymous);
}

function rereadEarlierAliases(draft: Draft, id: number, regions: Set<number>, groups: Set<number>): void {
	for (const row of draft.aliases(id)) {
		if (row.merge || (row.previousUser !== id && row.previousAnonymous !== id)) continue;
		const as = readingOf(draft, row);
		if (as === row.as || draft.plan.readings.get(row.seq) === as) continue;
		draft.plan.readings.set(row.seq, as);
		if (as === "anonymous") addAnonymousLink(draft, row);
		else draft.plan.removeEvidence.push(anonymousLink(row));
		regions.add(row.previousAnonymous);
		groups.add(row.user).add(row.previousUser);
	}
}

/** Whether an alias joins its two users: it is read so, believed, and no unmerge stands against it. */
function joinsUsers(draft: Draft, row: AliasRow): boolean {
	const as = draft.plan.readings.get(row.seq) ?? row.as;
	if (!row.merge && as !== "user") return false;
	if (!row.trusted || row.user === row.previousUser) return false;
	if (draft.isUnlinked(row.user, row.previousUser, row)) return false;
	return !draft.isUnmerged(row.user, row) && !draft.isUnmerged(row.previousUser, row);
}

/** The usual alias: two groups become one. */
function joinUsers(draft: Draft, row: AliasRow): void {
	if (!joinsUsers(draft, row)) return;
	const a = draft.region(row.user);
	const b = draft.region(row.previousUser);
	if (a.root === b.root) return;
	draft.merge(a, b, null);
	draft.plan.changes.push({ kind: "union", identifier: row.previousUser, other: row.user, seq: row.seq });
}

/** Takes alias groups apart and puts them together again from all aliases that count. */
function regroupUsers(draft: Draft, users: ReadonlySet<number>, batch: readonly AliasRow[]): void {
	const members = new Set<number>();
	const pending = [...users];
	const met = new Set<number>();
	const rows = new Map<number, AliasRow>();
	// A new alias may reach a group that nothing else touches, so groups are gathered until no alias leads further.
	while (pending.length > 0) {
		const user = pending.pop() as number;
		// One whose group is not loaded yet is in none, and must not be asked about for ever.
		if (members.has(user) || met.has(user)) continue;
		met.add(user);
		let group: readonly number[] = [];
		draft.attempt(() => {
			group = draft.members(draft.rootOf(user));
		});
		const added: number[] = [];
		for (const member of group) {
			if (members.has(member)) continue;
			members.add(member);
			added.push(member);
			draft.attempt(() => draft.aliases(member));
		}
		for (const row of batch) {
			if (members.has(row.user)) pending.push(row.previousUser);
			if (members.has(row.previousUser)) pending.push(row.user);
		}
		if (draft.needs.size === 0) {
			for (const member of added) {
				for (const row of draft.aliases(member)) {
					rows.set(row.seq, row);
					if (!joinsUsers(draft, row)) continue;
					if (!members.has(row.user)) pending.push(row.user);
					if (!members.has(row.previousUser)) pending.push(row.previousUser);
				}
			}
		}
	}
	draft.settleNeeds();
	for (const row of batch) rows.set(row.seq, row);

	const parent = new Map<number, number>();
	for (const member of members) parent.set(member, member);
	for (const row of rows.values()) {
		if (!parent.has(row.user) || !parent.has(row.previousUser) || !joinsUsers(draft, row)) continue;
		parent.set(findRoot(parent, row.previousUser), findRoot(parent, row.user));
	}
	const groups = Map.groupBy(members, (member) => findRoot(parent, member));
	const before = new Set([...members].map((member) => draft.rootOf(member)));
	for (const group of groups.values()) {
		const root = keepRoot(draft, group);
		const fact = { root, state: "settled", owner: null, size: group.length, limited: null, latest: null } as const;
		draft.regroup(fact, group);
	}
	if (groups.size !== before.size) {
		const kind = groups.size > before.size ? "split" : "union";
		for (const user of users) draft.plan.changes.push({ kind, identifier: user, other: null, seq: null });
	}
}

/** The member that speaks for a set from now on: the present root that most of them have, so that few are relabelled. */
export function keepRoot(draft: Draft, members: readonly number[]): number {
	const counts = new Map<number, number>();
	const inSet = new Set(members);
	for (const id of members) {
		const root = draft.rootOf(id);
		if (inSet.has(root)) counts.set(root, (counts.get(root) ?? 0) + 1);
	}
	let best = Math.min(...members.slice(0, 1));
	let most = 0;
	for (const [root, count] of counts) {
		if (count > most || (count === most && root < best)) [best, most] = [root, count];
	}
	return best;
}
