import type { IdentityConfig } from "./config.ts";
import {
	type AliasRow,
	type EvidenceRow,
	type Facts,
	type IdentifierFact,
	type Moment,
	momentKey,
	type Need,
	pairKey,
	type RegionFact,
	standsAgainst,
	sumOf,
	type Unlink,
} from "./facts.ts";
import type { Position } from "./order.ts";
import { type CountingRow, emptyPlan, type Plan, type SpanEdit } from "./plan.ts";
import type { Kinds, Span, Tail } from "./replay.ts";

/** Something that a correction may stand against. */
type Placed = Pick<AliasRow, "seq" | "position">;

/** Thrown inside a decision that lacks a fact; caught where the next independent part begins. */
class Missing extends Error {}
/** One for all: an error notes where it was made, which would cost more than most decisions. */
const missing = new Missing("a fact is not loaded yet");

/**
 * A decision in the making: the facts as loaded, under what the plan already changes. A look-up of something that is
 * not loaded notes the need and gives up the part at hand.
 */
export class Draft implements Kinds {
	readonly plan: Plan = emptyPlan();
	readonly needs = new Map<string, Need>();
	private readonly seenWith = new Map<number, Set<number>>();
	/** By user and type, how many more identifiers of the type it was seen with than is stored. */
	private readonly notedCounts = new Map<number, Map<string, number>>();
	/** The same by what a rebuild found in the evidence. */
	private rebuiltCounts = new Map<number, Map<string, number>>();
	/** Identifiers that were taken into a region since it was stored. */
	private readonly joined = new Map<number, number[]>();
	private readonly latest = new Map<number, { owner: number; next: Position | null }>();
	private readonly movedMembers = new Map<number, number[]>();
	private readonly addedLimited = new Map<number, Set<number>>();
	/** What `limitedRegions` answered, until a region is joined or a user gains one. */
	private readonly limitedNow = new Map<number, readonly number[]>();

	readonly facts: Facts;
	readonly config: IdentityConfig;

	constructor(facts: Facts, config: IdentityConfig) {
		this.facts = facts;
		this.config = config;
	}

	/** Runs a part of the decision; false when it lacks facts. */
	attempt(part: () => void): boolean {
		try {
			part();
			return true;
		} catch (error) {
			if (error instanceof Missing) return false;
			throw error;
		}
	}

	/** Notes a need without giving up, so that one round trip fetches all that is known to be needed. */
	want(need: Need): void {
		this.needs.set(keyOf(need), need);
	}

	private demand<T>(value: T | undefined, need: Need): T {
		if (value !== undefined) return value;
		this.want(need);
		throw missing;
	}

	/** Fails the part at hand when anything was noted as needed. */
	settleNeeds(): void {
		if (this.needs.size > 0) throw missing;
	}

	identifier(id: number): IdentifierFact {
		return this.demand(this.facts.identifiers.get(id), { kind: "identifier", id });
	}

	seen(id: number): boolean {
		return this.plan.seen.has(id) || this.identifier(id).seen;
	}

	/** Whether an event that is believed or proven carries a user. */
	isBelieved(user: number): boolean {
		return this.plan.believed.has(user) || this.identifier(user).believed;
	}

	/** Whether an alias's `previousId` is, or was once, read as this identifier. */
	isAliased(id: number): boolean {
		return this.plan.aliased.has(id) || this.identifier(id).aliased;
	}

	typeOf(id: number): string {
		return this.identifier(id).type;
	}

	limitOf(type: string): number | null {
		return this.config.identifiers[type]?.limit ?? null;
	}

	isUser(id: number): boolean {
		return this.typeOf(id) === "user_id";
	}

	rootOf(id: number): number {
		return this.plan.roots.get(id) ?? this.identifier(id).root;
	}

	/** The region (or, for a user, the alias group) that an identifier is in. */
	region(id: number): RegionFact {
		const root = this.rootOf(id);
		return this.plan.regions.get(root) ?? this.demand(this.facts.regions.get(root), { kind: "region", id: root });
	}

	members(root: number): readonly number[] {
		const moved = this.movedMembers.get(root);
		if (moved) return moved;
		const joined = this.joined.get(root);
		return joined ? [...this.storedMembers(root), ...joined] : this.storedMembers(root);
	}

	private storedMembers(root: number): readonly number[] {
		const region = this.facts.regions.get(root);
		// Most regions are one identifier; asking the store for its members would say so.
		if (region?.size === 1) return [root];
		return this.demand(this.facts.members.get(root), { kind: "members", id: root });
	}

	private take(into: RegionFact, moving: readonly number[]): void {
		this.limitedNow.clear();
		for (const id of moving) {
			this.plan.roots.set(id, into.root);
			this.plan.regions.delete(id);
		}
		const list = this.movedMembers.get(into.root) ?? this.joined.get(into.root) ?? [];
		for (const id of moving) list.push(id);
		if (!this.movedMembers.has(into.root)) this.joined.set(into.root, list);
	}

	/** Takes one identifier that was alone into a region, which is then as given. */
	join(into: RegionFact, id: number): void {
		this.take(into, [id]);
		this.plan.regions.set(into.root, into);
	}

	/** Joins two regions or groups: the smaller side's identifiers are relabelled, and no event is touched. */
	merge(a: RegionFact, b: RegionFact, owner: number | null): RegionFact {
		const [into, from] = a.size >= b.size ? [a, b] : [b, a];
		this.take(into, this.members(from.root));
		const limited = sumOf([into.limited, from.limited]);
		const merged: RegionFact = { ...into, owner, size: into.size + from.size, limited };
		this.plan.regions.set(into.root, merged);
		return merged;
	}

	/** Lays down who is together, whatever was known before. */
	regroup(region: RegionFact, members: readonly number[]): void {
		const { root } = region;
		this.limitedNow.clear();
		for (const id of members) {
			if (this.rootOf(id) !== root) this.plan.roots.set(id, root);
			if (id !== root) this.plan.regions.delete(id);
		}
		this.movedMembers.set(root, [...members]);
		this.plan.regions.set(root, region);
	}

	/** Whether a region is stored like this, with these members, and nothing of this batch changed that. */
	isAsStored({ root, state, owner, size, limited, latest }: RegionFact, members: readonly number[]): boolean {
		const stored = this.facts.regions.get(root);
		if (stored === undefined || stored.state !== state || stored.owner !== owner || stored.size !== size) return false;
		if (stored.latest !== latest || JSON.stringify(stored.limited) !== JSON.stringify(limited)) return false;
		return members.every((id) => this.identifier(id).root === root && !this.plan.roots.has(id));
	}

	/** Whether this batch noted users of an identifier that are not stored. */
	hasNewUsers(id: number): boolean {
		return this.seenWith.has(id);
	}

	/** Whether just these users are stored, or noted in this batch, as seen with an identifier, and these as crowded. */
	wereSeenWith(id: number, users: readonly number[], crowded: readonly number[]): boolean {
		const known = new Set(this.adjacent(id));
		if (known.size !== users.length || !users.every((user) => known.has(user))) return false;
		const noted = this.seenWith.has(id) ? this.plan.seenWith.filter((one) => one.identifier === id && one.crowded) : [];
		const stored = this.identifier(id).fresh ? [] : this.crowdedWith(id);
		const before = new Set([...stored, ...noted.map(({ user }) => user)]);
		return before.size === crowded.length && crowded.every((user) => before.has(user));
	}

	setRegion(region: RegionFact): void {
		this.plan.regions.set(region.root, region);
	}

	/** The users that an identifier was seen with in one event, each in its own field. */
	adjacent(id: number): readonly number[] {
		const planned = this.plan.adjacent.get(id);
		if (planned) return planned;
		const known = this.identifier(id).fresh ? [] : this.demand(this.facts.adjacent.get(id), { kind: "adjacent", id });
		const added = this.seenWith.get(id);
		return added ? [...new Set([...known, ...added])] : known;
	}

	/** Notes that a user was seen with an identifier. An alias's `previousId` is no such sighting. */
	noteSeenWith({ identifier, lead: user, previous }: EvidenceRow): void {
		if (previous) return;
		const noted = this.seenWith.get(identifier) ?? new Set();
		if (noted.has(user)) return;
		this.seenWith.set(identifier, noted.add(user));
		this.plan.seenWith.push({ identifier, user, crowded: this.isCrowded(user, this.typeOf(identifier)) });
	}

	/** Whether a limit of its type makes it matter how many users it is seen with, and they with others like it. */
	isLimited(id: number): boolean {
		const type = this.typeOf(id);
		return type !== "user_id" && this.limitOf(type) !== null;
	}

	/** Whether a user and an identifier of a type with a limit were never seen together before. */
	isNewPair({ identifier: id, lead: user }: EvidenceRow): boolean {
		if (this.seenWith.get(id)?.has(user)) return false;
		if (this.identifier(id).fresh || this.identifier(user).fresh) return true;
		// Too many users to look through were seen with it.
		if (this.region(id).state !== "shared") return !this.adjacent(id).includes(user);
		return !this.demand(this.facts.together.get(pairKey(id, user)), { kind: "together", id, user });
	}

	/** Notes that a user and an identifier of a type with a limit were seen together for the first time. */
	countPair(row: EvidenceRow): void {
		const type = this.typeOf(row.identifier);
		addTo(this.notedCounts, row.lead, type, 1);
		this.noteSeenWith(row);
		this.planCount(row.lead, type);
	}

	/** What a rebuild found instead of what was known of the same identifiers; replaces what it found before. */
	setRebuiltCounts(counts: Map<number, Map<string, number>>): void {
		this.rebuiltCounts = counts;
	}

	/** Users of whom more or fewer identifiers of a type are known than stored. */
	*recounted(): Iterable<[user: number, type: string]> {
		for (const counts of [this.notedCounts, this.rebuiltCounts]) {
			for (const [user, types] of counts) for (const type of types.keys()) yield [user, type];
		}
	}

	planCount(user: number, type: string): void {
		const known = this.plan.seenCounts.get(user) ?? this.identifier(user).seenWith;
		this.plan.seenCounts.set(user, { ...known, [type]: this.seenCount(user, type) });
	}

	private seenCount(user: number, type: string): number {
		const more = (this.notedCounts.get(user)?.get(type) ?? 0) + (this.rebuiltCounts.get(user)?.get(type) ?? 0);
		return (this.identifier(user).seenWith?.[type] ?? 0) + more;
	}

	/** Step 5: a user seen with too many identifiers of a type is linked with none of it. */
	isCrowded(user: number, type: string): boolean {
		if (type === "user_id" || this.limitOf(type) === null) return false;
		return this.seenCount(user, type) > this.config.maxIdentifiersPerUser;
	}

	/** The same as stored. */
	wasCrowded(user: number, type: string): boolean {
		return (this.identifier(user).seenWith?.[type] ?? 0) > this.config.maxIdentifiersPerUser;
	}

	/** Identifiers of types with a limit that a user was seen with. */
	seenOf(user: number): readonly number[] {
		const known = this.identifier(user).fresh
			? []
			: this.demand(this.facts.seenOf.get(user), { kind: "seenOf", id: user });
		const noted = this.plan.seenWith.filter((one) => one.user === user && this.isLimited(one.identifier));
		return [...known, ...noted.map(({ identifier }) => identifier)];
	}

	tail(id: number): Tail | null {
		const planned = this.plan.tails.get(id);
		return planned === undefined ? this.identifier(id).tail : planned;
	}

	setTail(id: number, tail: Tail | null): void {
		if (tail !== null || this.tail(id) !== null) this.plan.tails.set(id, tail);
	}

	joints(id: number): readonly number[] {
		return this.demand(this.facts.joints.get(id), { kind: "joints", id });
	}

	storedSpans(id: number): readonly Span[] {
		if (this.identifier(id).fresh) return [];
		return this.demand(this.facts.spans.get(id), { kind: "spans", id });
	}

	evidence(id: number): readonly EvidenceRow[] {
		if (this.identifier(id).fresh) return [];
		return this.demand(this.facts.evidence.get(id), { kind: "evidence", id });
	}

	moment(id: number, position: Position): Moment {
		if (this.identifier(id).fresh) return { owner: null, hasEarlier: false, next: null };
		const except = this.isLimited(id) ? this.crowdedWith(id) : [];
		return this.demand(this.facts.moments.get(momentKey(id, position)), { kind: "moment", id, position, except });
	}

	/** Users whose evidence about an identifier does not count, since they are crowded for its type; as stored. */
	private crowdedWith(id: number): readonly number[] {
		return this.demand(this.facts.crowded.get(id), { kind: "adjacent", id });
	}

	/** Roots of the regions with limited identifiers that a user is adjacent to. */
	limitedRegions(user: number): readonly number[] {
		const known = this.identifier(user).fresh
			? []
			: this.demand(this.facts.limitedRegions.get(user), { kind: "limitedRegions", id: user });
		const cached = this.limitedNow.get(user);
		if (cached) return cached;
		const added = this.addedLimited.get(user) ?? [];
		const roots = [...new Set([...known, ...added].map((root) => this.rootOf(root)))];
		this.limitedNow.set(user, roots);
		return roots;
	}

	/** Notes that a user is adjacent to a region with limited identifiers. */
	noteLimited(user: number, { root, limited, state }: RegionFact): void {
		if (limited === null) return;
		this.limitedNow.delete(user);
		this.addedLimited.set(user, (this.addedLimited.get(user) ?? new Set()).add(root));
		// Whoever owns a settled one is known by that.
		if (state !== "settled") this.putLimitedUsers(root, [user], false);
	}

	/** Writes which users a contested region may bring nearer to a limit. */
	putLimitedUsers(root: number, users: Iterable<number>, clear: boolean): void {
		const known = clear ? undefined : this.plan.limitedUsers.get(root);
		this.plan.limitedUsers.set(root, {
			clear: clear || known?.clear === true,
			users: new Set([...(known?.users ?? []), ...users]),
		});
	}

	/** Whether these are more identifiers of a type than one profile may hold. */
	exceeds(counts: Readonly<Record<string, number>> | null): boolean {
		return Object.entries(counts ?? {}).some(
			([type, count]) => count > (this.limitOf(type) ?? Number.POSITIVE_INFINITY),
		);
	}

	/** Whether no limit is in reach of a user, even if all limited identifiers of these regions were theirs too. */
	mayHold(user: number, ...regions: readonly RegionFact[]): boolean {
		const limited = regions.filter((region) => region.limited !== null);
		if (limited.length === 0) return true;
		if (this.tail(user) !== null) return false;
		const roots = new Set([...this.limitedRegions(user), ...limited.map(({ root }) => root)]);
		return !this.exceeds(sumOf(Array.from(roots, (root) => this.region(root).limited)));
	}

	/** When the last stored evidence about any member of a region is dated; null where there is none. */
	latestEvidence(root: number): number | null {
		const known = this.facts.regions.get(root)?.latest;
		if (known != null) return known;
		return this.demand(this.facts.latestEvidence.get(root), { kind: "latestEvidence", id: root });
	}

	aliases(id: number): readonly AliasRow[] {
		if (this.identifier(id).fresh) return [];
		return this.demand(this.facts.aliases.get(id), { kind: "aliases", id });
	}

	/** The last evidence of this batch about an identifier, and where stored evidence follows it. */
	latestOf(id: number): { owner: number; next: Position | null } | null {
		return this.latest.get(id) ?? null;
	}

	setLatestOf(id: number, latest: { owner: number; next: Position | null }): void {
		this.latest.set(id, latest);
	}

	editSpans(id: number): SpanEdit {
		let edit = this.plan.spans.get(id);
		if (!edit) {
			edit = { clear: false, put: [], cut: [] };
			this.plan.spans.set(id, edit);
		}
		return edit;
	}

	private unlinks(id: number): readonly Unlink[] {
		return this.demand(this.facts.unlinks.get(id), { kind: "unlinks", id });
	}

	/** Whether what counts of the evidence about an identifier can be told from what corrections took away. */
	isCounted(id: number): boolean {
		const { corrected, counted } = this.identifier(id);
		return !corrected || counted;
	}

	/** Keeps what counts of all the evidence about a corrected identifier, unless it is kept already. */
	keepCounting(id: number, rows: readonly EvidenceRow[]): void {
		const { corrected, counted } = this.identifier(id);
		if (counted || !(corrected || this.plan.corrected.has(id))) return;
		const counting = rows.filter((row) => !this.isDiscounted(row));
		this.plan.counting.set(
			id,
			counting.map((row) => this.toCounting(row)),
		);
	}

	/** Keeps what counts of new evidence about identifiers of which it is kept. */
	addCounting(rows: readonly EvidenceRow[]): void {
		for (const row of rows) {
			if (!this.identifier(row.identifier).counted || this.isDiscounted(row)) continue;
			this.plan.addCounting.push(this.toCounting(row));
		}
	}

	private toCounting(row: EvidenceRow): CountingRow {
		return { ...row, joint: !this.isUser(row.lead) };
	}

	/** Whether an unlink stands against a link between the two, whichever led. */
	isUnlinked(a: number, b: number, link: Placed): boolean {
		if (!this.identifier(a).corrected || !this.identifier(b).corrected) return false;
		return this.unlinks(a).some((unlink) => (unlink.a === b || unlink.b === b) && standsAgainst(unlink, link));
	}

	/** Whether an unmerge stands against an alias of the user. */
	isUnmerged(user: number, alias: Placed): boolean {
		if (!this.identifier(user).corrected) return false;
		const reach = this.demand(this.facts.unmerges.get(user), { kind: "unmerges", id: user });
		return reach !== null && standsAgainst(reach, alias);
	}

	/** Whether a correction stands against a link, or its user is crowded. */
	isDiscounted(row: EvidenceRow): boolean {
		const { lead, identifier } = row;
		if (this.isLimited(identifier) && this.isUser(lead) && this.isCrowded(lead, this.typeOf(identifier))) return true;
		if (this.isUnlinked(lead, identifier, row)) return true;
		return row.previous && (this.isUnmerged(lead, row) || this.isUnmerged(identifier, row));
	}

	/**
	 * Remembers of an identifier that not all evidence about it counts, where a correction took an alias away: whoever asks
	 * what stands before or after an instant would be told of that evidence too.
	 */
	noteDiscounted(row: EvidenceRow): void {
		if (row.previous && this.isDiscounted(row) && !this.identifier(row.identifier).corrected) {
			this.plan.corrected.add(row.identifier);
		}
	}
}

function keyOf(need: Need): string {
	if (need.kind === "moment") return momentKey(need.id, need.position);
	return need.kind === "together" ? pairKey(need.id, need.user) : `${need.kind} ${need.id}`;
}

export function addTo(counts: Map<number, Map<string, number>>, user: number, type: string, by: number): void {
	const types = counts.get(user) ?? new Map<string, number>();
	counts.set(user, types.set(type, (types.get(type) ?? 0) + by));
}
