import type { IdentityConfig } from "./config.ts";
import {
	type AliasRow,
	type EvidenceRow,
	type Facts,
	type IdentifierFact,
	type Moment,
	momentKey,
	type Need,
	type RegionFact,
	standsAgainst,
	sumOf,
	type Unlink,
} from "./facts.ts";
import type { Position } from "./order.ts";
import { emptyPlan, type Plan, type SpanEdit } from "./plan.ts";
import type { Kinds } from "./replay.ts";

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
	private readonly latest = new Map<number, { owner: number; next: Position | null }>();
	private readonly movedMembers = new Map<number, number[]>();
	private readonly addedLimited = new Map<number, Set<number>>();

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
		const key = need.kind === "moment" ? momentKey(need.id, need.position) : `${need.kind} ${need.id}`;
		this.needs.set(key, need);
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
		const region = this.plan.regions.get(root) ?? this.facts.regions.get(root);
		const moved = this.movedMembers.get(root);
		if (moved) return moved;
		// Most regions are one identifier; asking the store for its members would say so.
		if (region?.size === 1) return [root];
		return this.demand(this.facts.members.get(root), { kind: "members", id: root });
	}

	/** Joins two regions or groups: the smaller side's identifiers are relabelled, and no event is touched. */
	merge(a: RegionFact, b: RegionFact, owner: number | null): RegionFact {
		const [into, from] = a.size >= b.size ? [a, b] : [b, a];
		const moving = this.members(from.root);
		const staying = this.members(into.root);
		for (const id of moving) this.plan.roots.set(id, into.root);
		this.movedMembers.set(into.root, [...staying, ...moving]);
		this.plan.regions.delete(from.root);
		const limited = sumOf([into.limited, from.limited]);
		const merged: RegionFact = { ...into, owner, size: into.size + from.size, limited };
		this.plan.regions.set(into.root, merged);
		return merged;
	}

	/** Lays down who is together, whatever was known before. */
	regroup(root: number, members: readonly number[], region: Omit<RegionFact, "root" | "size">): void {
		for (const id of members) {
			if (this.rootOf(id) !== root) this.plan.roots.set(id, root);
			if (id !== root) this.plan.regions.delete(id);
		}
		this.movedMembers.set(root, [...members]);
		this.plan.regions.set(root, { ...region, root, size: members.length });
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
		this.plan.seenWith.push({ identifier, user });
	}

	evidence(id: number): readonly EvidenceRow[] {
		if (this.identifier(id).fresh) return [];
		return this.demand(this.facts.evidence.get(id), { kind: "evidence", id });
	}

	moment(id: number, position: Position): Moment {
		return this.demand(this.facts.moments.get(momentKey(id, position)), { kind: "moment", id, position });
	}

	/** Roots of the regions with limited identifiers that a user is adjacent to. */
	limitedRegions(user: number): readonly number[] {
		const known = this.identifier(user).fresh
			? []
			: this.demand(this.facts.limitedRegions.get(user), { kind: "limitedRegions", id: user });
		const added = this.addedLimited.get(user) ?? [];
		return [...new Set([...known, ...added].map((root) => this.rootOf(root)))];
	}

	/** Notes that a user is adjacent to a region with limited identifiers. */
	noteLimited(user: number, root: number): void {
		this.addedLimited.set(user, (this.addedLimited.get(user) ?? new Set()).add(root));
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
		const roots = new Set([...this.limitedRegions(user), ...limited.map(({ root }) => root)]);
		return !this.exceeds(sumOf(Array.from(roots, (root) => this.region(root).limited)));
	}

	/** When the last stored evidence about any member of a region is dated; null where there is none. */
	latestEvidence(root: number): number | null {
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
		if (this.identifier(id).fresh) return [];
		return this.demand(this.facts.unlinks.get(id), { kind: "unlinks", id });
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

	/** Whether a correction stands against a link. */
	isDiscounted(row: EvidenceRow): boolean {
		if (this.isUnlinked(row.lead, row.identifier, row)) return true;
		return row.previous && (this.isUnmerged(row.lead, row) || this.isUnmerged(row.identifier, row));
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
