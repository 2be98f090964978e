import type { IdentityConfig } from "./config.ts";
import {
	type AliasRow,
	type EvidenceRow,
	type IdentifierFact,
	type Reach,
	standsAgainst,
	type Unlink,
} from "./facts.ts";
import { compareIdentifiers } from "./identifiersOf.ts";
import type { Position } from "./order.ts";
import { type Evidence, type Kinds, type Link, replay, type Span } from "./replay.ts";

/** All evidence that has to do with some people, as stored. */
export interface History {
	/** Every identifier that the rest names. */
	identifiers: ReadonlyMap<number, IdentifierFact>;
	/** Links of events; those that an alias's `previousId` makes are left out, since `aliases` tells them. */
	rows: readonly EvidenceRow[];
	aliases: readonly AliasRow[];
	/** With the time of each, ms. */
	unlinks: readonly (Unlink & { at: number })[];
	/** The same for aliases and merges that name the user. */
	unmerges: readonly (Reach & { user: number; at: number })[];
	/** For both readings of every `previousId`: when it was first seen in its own field, ms. */
	firstSeen: ReadonlyMap<number, number>;
	/** The same where the event was believed or proven, for its reading as a user. */
	firstBelieved: ReadonlyMap<number, number>;
}

export interface ResolvedLink {
	a: number;
	b: number;
	seq: number;
	position: Position;
	kind: "event" | "alias" | "merge";
}

export interface ResolvedRefusal {
	identifier: number;
	/** What it was not linked to. */
	from: number;
	seq: number;
	position: Position;
	reason: "limit" | "moved" | "shared" | "crowded" | "unlinked" | "unmerged" | "untrusted";
}

/** What a history comes to, with all its reasons. */
export interface Resolution {
	/** Whose each identifier was and is. One that nothing links belongs to itself. */
	spans: Map<number, Span[]>;
	/** For each user the users it is one with, itself included. */
	groups: Map<number, readonly number[]>;
	links: ResolvedLink[];
	refused: ResolvedRefusal[];
}

/**
 * Works a whole history out from the beginning, in order, as docs/decisions/identity-rule.md puts it. The store's state
 * is the same by other means; this one answers about other times than now, and why.
 *
 * @param asOf counts only events dated at or before it and corrections made by then, ms. Left out: all.
 */
export function resolve(history: History, config: IdentityConfig, asOf = Number.POSITIVE_INFINITY): Resolution {
	const rows = history.rows.filter((row) => row.position.timestamp <= asOf);
	const aliases = history.aliases.filter((row) => row.position.timestamp <= asOf);
	const corrected = corrections(history, asOf);
	const isIn = (firsts: ReadonlyMap<number, number>, id: number) => {
		const first = firsts.get(id);
		return first !== undefined && first <= asOf;
	};
	const readsAsAnonymous = ({ merge, previousAnonymous, previousUser, trusted }: AliasRow) =>
		!merge &&
		isIn(history.firstSeen, previousAnonymous) &&
		!isIn(trusted ? history.firstBelieved : history.firstSeen, previousUser);

	const carried = new Set(rows.map((row) => `${row.seq} ${row.identifier}`));
	const anonymous = aliases.filter(readsAsAnonymous).map(anonymousLink);
	// An alias may carry the same id in its own field: that says it already.
	const all = [...rows, ...anonymous.filter((row) => !carried.has(`${row.seq} ${row.identifier}`))];
	const tooMany = seenTooOften(history, rows, config);
	const refused: ResolvedRefusal[] = [];
	const counting = all.filter((row) => {
		const reason = tooMany(row) ?? corrected(row);
		if (reason) refused.push({ ...about(row), identifier: row.identifier, from: row.lead, reason });
		return reason === null;
	});

	const replayed = replay(inOrder(history, counting, config), kindsOf(history, config));
	const byLink = new Map(counting.map((row) => [`${row.seq} ${row.identifier}`, row]));
	const rowOf = ({ evidence, identifier }: Link) => byLink.get(`${evidence.seq} ${identifier}`) as EvidenceRow;
	const links: ResolvedLink[] = replayed.links.map((link) => linkOf(rowOf(link)));
	for (const refusal of replayed.refused) {
		const row = rowOf(refusal);
		refused.push({ ...about(row), identifier: row.identifier, from: row.lead, reason: refusal.reason });
		// The identifier changed hands by this event, so it is also the reason why it is where it is now.
		if (refusal.reason === "moved") links.push(linkOf(row));
	}
	const groups = joinUsers(
		aliases.filter((row) => !readsAsAnonymous(row)),
		corrected,
		links,
		refused,
	);
	return { spans: replayed.spans, groups, links, refused };
}

const about = ({ seq, position }: { seq: number; position: Position }) => ({ seq, position });

function anonymousLink({ seq, position, user, previousAnonymous }: AliasRow): EvidenceRow {
	return { seq, position, lead: user, identifier: previousAnonymous, previous: true };
}

function linkOf(row: EvidenceRow): ResolvedLink {
	return { ...about(row), a: row.lead, b: row.identifier, kind: row.previous ? "alias" : "event" };
}

type Corrected = (
	row: Pick<EvidenceRow, "seq" | "position" | "lead" | "identifier" | "previous">,
) => "unlinked" | "unmerged" | null;

/** Which correction stands against a link, of those made by `asOf`. */
function corrections(history: History, asOf: number): Corrected {
	const unlinked = new Map<string, Reach>();
	for (const unlink of history.unlinks) {
		if (unlink.at > asOf) continue;
		for (const pair of [`${unlink.a} ${unlink.b}`, `${unlink.b} ${unlink.a}`]) extend(unlinked, pair, unlink);
	}
	const unmerged = new Map<number, Reach>();
	for (const unmerge of history.unmerges) if (unmerge.at <= asOf) extend(unmerged, unmerge.user, unmerge);
	return (row) => {
		const stands = (reach: Reach | undefined) => reach !== undefined && standsAgainst(reach, row);
		if (row.previous && [row.lead, row.identifier].some((user) => stands(unmerged.get(user)))) return "unmerged";
		return stands(unlinked.get(`${row.lead} ${row.identifier}`)) ? "unlinked" : null;
	};
}

function extend<Key>(reaches: Map<Key, Reach>, key: Key, { id, before }: Reach): void {
	const known = reaches.get(key);
	reaches.set(key, { id: Math.max(id, known?.id ?? id), before: Math.max(before, known?.before ?? before) });
}

/**
 * Steps 4 and 5: identifiers that were seen with too many users, and users that were seen with too many of a type, each in
 * one event. Corrections do not count here.
 */
function seenTooOften(
	history: History,
	rows: readonly EvidenceRow[],
	config: IdentityConfig,
): (row: EvidenceRow) => "shared" | "crowded" | null {
	const typeOf = (id: number) => history.identifiers.get(id)?.type ?? "";
	const isLimited = (type: string) => type !== "user_id" && config.identifiers[type]?.limit != null;
	const users = new Map<number, Set<number>>();
	const identifiers = new Map<string, Set<number>>();
	const add = <Key>(sets: Map<Key, Set<number>>, key: Key, id: number) =>
		sets.set(key, (sets.get(key) ?? new Set()).add(id));
	for (const { lead, identifier, previous } of rows) {
		if (previous || typeOf(lead) !== "user_id") continue;
		const type = typeOf(identifier);
		if (type === "anonymous_id" || isLimited(type)) add(users, identifier, lead);
		if (isLimited(type)) add(identifiers, `${lead} ${type}`, identifier);
	}
	const isShared = (id: number) => {
		const most = typeOf(id) === "anonymous_id" ? config.maxUsersPerAnonymousId : config.maxUsersPerIdentifier;
		return (users.get(id)?.size ?? 0) > most;
	};
	const isCrowded = (user: number, type: string) =>
		(identifiers.get(`${user} ${type}`)?.size ?? 0) > config.maxIdentifiersPerUser;
	return ({ lead, identifier }) => {
		if (isShared(identifier) || isShared(lead)) return "shared";
		return isCrowded(lead, typeOf(identifier)) ? "crowded" : null;
	};
}

function kindsOf(history: History, config: IdentityConfig): Kinds {
	return {
		typeOf: (id) => history.identifiers.get(id)?.type ?? "",
		limitOf: (type) => config.identifiers[type]?.limit ?? null,
	};
}

/** Rows of one event put together again: its lead, and what it links, best first. */
function inOrder(history: History, rows: readonly EvidenceRow[], config: IdentityConfig): Evidence[] {
	return [...Map.groupBy(rows, (row) => row.seq).values()].map((group) => {
		const { seq, position, lead } = group[0] as EvidenceRow;
		const others = group
			.map((row) => history.identifiers.get(row.identifier) as IdentifierFact)
			.sort((a, b) => compareIdentifiers(config, a, b))
			.map(({ id }) => id);
		return { seq, position, lead, others };
	});
}

/** The layer above: users joined by aliases and by people. */
function joinUsers(
	aliases: readonly AliasRow[],
	corrected: Corrected,
	links: ResolvedLink[],
	refused: ResolvedRefusal[],
): Map<number, readonly number[]> {
	const groups = new Map<number, number[]>();
	const groupOf = (user: number) => {
		const known = groups.get(user) ?? [user];
		groups.set(user, known);
		return known;
	};
	for (const row of aliases) {
		const { user, previousUser, trusted, merge } = row;
		if (user === previousUser) continue;
		const link = { ...about(row), lead: user, identifier: previousUser, previous: true };
		const reason = trusted ? corrected(link) : "untrusted";
		if (reason) {
			// A merge that was undone is a correction corrected: no event's link was refused.
			if (!merge) refused.push({ ...about(row), identifier: previousUser, from: user, reason });
			continue;
		}
		const [into, from] = [groupOf(user), groupOf(previousUser)];
		if (into !== from) {
			into.push(...from);
			for (const member of from) groups.set(member, into);
		}
		links.push({ ...about(row), a: user, b: previousUser, kind: merge ? "merge" : "alias" });
	}
	return groups;
}
