import { keepRoot } from "./aliases.ts";
import { addTo, type Draft } from "./draft.ts";
import { type EvidenceRow, type RegionFact, sumOf } from "./facts.ts";
import { findRoot } from "./findRoot.ts";
import { compareIdentifiers } from "./identifiersOf.ts";
import { countsAsShared } from "./insertMoment.ts";
import { comparePositions } from "./order.ts";
import type { Change } from "./plan.ts";
import { type Evidence, replay, type Span } from "./replay.ts";

/** A region as its evidence makes it. */
interface Rebuilt {
	members: number[];
	/** Users seen with each member in one event, each in its own field. */
	adjacent: Map<number, readonly number[]>;
	users: Set<number>;
	/** These, and users whose evidence does not count, or no longer. */
	everSeenWith: Set<number>;
	limited: Record<string, number> | null;
	shared: boolean;
}

/**
 * Decides regions anew from their evidence: which identifiers are together, who is adjacent, and, where more than one
 * user is or a limit is in reach, who owns what from when on.
 *
 * A user whose regions together hold more of a limited type than a profile may is at its limit: then the order of all
 * its links decides, and all its regions with such identifiers are decided together.
 */
export function rebuildRegions(draft: Draft, seeds: ReadonlySet<number>, batch: readonly EvidenceRow[]): void {
	const roots = new Set<number>();
	for (const seed of seeds) draft.attempt(() => roots.add(draft.rootOf(seed)));
	draft.settleNeeds();
	for (;;) {
		const members = membersOf(draft, roots);
		const rows = evidenceAbout(draft, members, batch);
		const regions = connect(draft, members, rows);
		const atLimit = usersAtLimit(draft, regions, roots);
		const isWhole = !joinLeads(draft, roots, regions, rows) && !joinCrowds(draft, roots);
		if (isWhole && !grow(draft, roots, regions, atLimit)) {
			write(draft, regions, rows, atLimit);
			return;
		}
	}
}

function membersOf(draft: Draft, roots: ReadonlySet<number>): number[] {
	const members: number[] = [];
	for (const root of roots) draft.attempt(() => members.push(...draft.members(root)));
	draft.settleNeeds();
	for (const id of members) draft.attempt(() => draft.identifier(id));
	draft.settleNeeds();
	return members;
}

/** Everything, stored and new, that links one of the members. */
function evidenceAbout(draft: Draft, members: readonly number[], batch: readonly EvidenceRow[]): EvidenceRow[] {
	const inside = new Set(members);
	const removed = new Set(draft.plan.removeEvidence.map((row) => `${row.seq} ${row.identifier}`));
	const rows: EvidenceRow[] = [];
	for (const id of members) {
		// What is asked for later is asked for now: each round of facts begins anew.
		if (draft.isLimited(id)) {
			draft.attempt(() => draft.adjacent(id));
			draft.attempt(() => draft.storedSpans(id));
		}
		draft.attempt(() => {
			for (const row of draft.evidence(id)) {
				// An alias that ceases to link the id by its `previousId` may still carry it in its own field.
				if (!row.previous || !removed.has(`${row.seq} ${row.identifier}`)) rows.push(row);
			}
		});
	}
	draft.settleNeeds();
	const added = new Set<string>();
	for (const row of [...batch, ...draft.plan.addEvidence]) {
		const key = `${row.seq} ${row.identifier}`;
		if (!inside.has(row.identifier) || added.has(key)) continue;
		added.add(key);
		rows.push(row);
	}
	for (const row of rows) draft.attempt(() => draft.identifier(row.lead));
	draft.settleNeeds();
	for (const row of rows) draft.attempt(() => draft.isDiscounted(row));
	draft.settleNeeds();
	return rows;
}

/** Parts the members into regions: joined by every counting link that no user led. */
function connect(draft: Draft, members: readonly number[], rows: readonly EvidenceRow[]): Rebuilt[] {
	const usersOf = () => new Map<number, Set<number>>(members.map((id) => [id, new Set()]));
	// Which users an anonymous id was seen with counts whatever correction was made since.
	const seenWith = usersOf();
	const everSeenWith = usersOf();
	for (const row of rows) {
		if (!draft.isUser(row.lead)) continue;
		everSeenWith.get(row.identifier)?.add(row.lead);
		if (!row.previous) seenWith.get(row.identifier)?.add(row.lead);
	}
	for (const row of draft.plan.removeEvidence) everSeenWith.get(row.identifier)?.add(row.lead);
	const adjacent = new Map(Array.from(seenWith, ([id, users]) => [id, [...users]] as const));
	recount(draft, adjacent);
	for (const row of rows) draft.noteDiscounted(row);
	const shared = new Set(members.filter((id) => countsAsShared(draft, id, adjacent.get(id) ?? [])));

	const parent = new Map<number, number>(members.map((id) => [id, id]));
	const counting = usersOf();
	for (const row of rows) {
		if (shared.has(row.identifier) || shared.has(row.lead) || draft.isDiscounted(row)) continue;
		if (draft.isUser(row.lead)) counting.get(row.identifier)?.add(row.lead);
		else if (parent.has(row.lead)) parent.set(findRoot(parent, row.identifier), findRoot(parent, row.lead));
	}
	return [...Map.groupBy(members, (id) => findRoot(parent, id)).values()].map((group) => ({
		members: group,
		adjacent: new Map(group.map((id) => [id, adjacent.get(id) ?? []])),
		users: new Set(group.flatMap((id) => [...(counting.get(id) ?? [])])),
		everSeenWith: new Set(group.flatMap((id) => [...(everSeenWith.get(id) ?? [])])),
		limited: countLimited(draft, group),
		shared: shared.has(group[0] as number),
	}));
}

/** Counts with how many identifiers of each type with a limit users were seen, by what the evidence says of these. */
function recount(draft: Draft, adjacent: ReadonlyMap<number, readonly number[]>): void {
	const counts = new Map<number, Map<string, number>>();
	for (const [id, users] of adjacent) {
		draft.attempt(() => {
			if (!draft.isLimited(id)) return;
			const type = draft.typeOf(id);
			const [known, now] = [new Set(draft.adjacent(id)), new Set(users)];
			for (const user of now) if (!known.has(user)) addTo(counts, user, type, 1);
			for (const user of known) if (!now.has(user)) addTo(counts, user, type, -1);
		});
	}
	draft.settleNeeds();
	for (const user of counts.keys()) draft.attempt(() => draft.identifier(user));
	draft.settleNeeds();
	draft.setRebuiltCounts(counts);
}

/** Takes in the regions of users who are crowded from now on, or no longer; false when there are none. */
function joinCrowds(draft: Draft, roots: Set<number>): boolean {
	const before = roots.size;
	for (const [user, type] of draft.recounted()) {
		draft.attempt(() => {
			if (draft.isCrowded(user, type) === draft.wasCrowded(user, type)) return;
			for (const id of draft.seenOf(user)) {
				draft.attempt(() => {
					if (draft.typeOf(id) === type) roots.add(draft.rootOf(id));
				});
			}
		});
	}
	draft.settleNeeds();
	return roots.size > before;
}

function countLimited(draft: Draft, members: readonly number[]): Record<string, number> | null {
	const counts: Record<string, number> = {};
	for (const id of members) {
		const type = draft.typeOf(id);
		if (draft.limitOf(type) !== null) counts[type] = (counts[type] ?? 0) + 1;
	}
	return Object.keys(counts).length > 0 ? counts : null;
}

/** The users for whom all limited identifiers that could ever be theirs are more than they may hold. */
function usersAtLimit(draft: Draft, regions: readonly Rebuilt[], roots: ReadonlySet<number>): Set<number> {
	const atLimit = new Set<number>();
	const limitedOf = new Map<number, Rebuilt["limited"][]>();
	for (const { users, limited } of regions) {
		if (limited === null) continue;
		for (const user of users) {
			const counts = limitedOf.get(user);
			if (counts) counts.push(limited);
			else limitedOf.set(user, [limited]);
		}
	}
	for (const [user, counts] of limitedOf) {
		draft.attempt(() => {
			const others = draft.limitedRegions(user).filter((root) => !roots.has(root));
			if (draft.exceeds(sumOf([...counts, ...others.map((root) => draft.region(root).limited)]))) atLimit.add(user);
		});
	}
	draft.settleNeeds();
	return atLimit;
}

/** Takes in regions that an id joins which was shared and is no longer; false when there are none. */
function joinLeads(
	draft: Draft,
	roots: Set<number>,
	regions: readonly Rebuilt[],
	rows: readonly EvidenceRow[],
): boolean {
	const before = roots.size;
	const shared = new Set(regions.filter((region) => region.shared).flatMap((region) => region.members));
	for (const region of regions) {
		for (const id of region.shared ? [] : region.members) {
			draft.attempt(() => {
				if (draft.region(id).state !== "shared") return;
				for (const other of draft.joints(id)) {
					draft.attempt(() => {
						if (draft.region(other).state !== "shared") roots.add(draft.rootOf(other));
					});
				}
			});
		}
	}
	for (const row of rows) {
		if (draft.isUser(row.lead) || shared.has(row.identifier) || draft.isDiscounted(row)) continue;
		draft.attempt(() => {
			if (draft.region(row.lead).state !== "shared") roots.add(draft.rootOf(row.lead));
		});
	}
	draft.settleNeeds();
	return roots.size > before;
}

/** Takes in the regions that are decided together with these; false when there are none. */
function grow(draft: Draft, roots: Set<number>, regions: readonly Rebuilt[], atLimit: ReadonlySet<number>): boolean {
	const before = roots.size;
	for (const user of usersUntilNow(draft, regions)) {
		draft.attempt(() => {
			for (const root of draft.limitedRegions(user)) {
				// A user that was at its limit before may be no longer, now that it has lost one of these.
				if (atLimit.has(user) || draft.region(root).state === "tight") roots.add(draft.rootOf(root));
			}
		});
	}
	draft.settleNeeds();
	return roots.size > before;
}

/** Users that regions with limited identifiers are adjacent to by their evidence, and those that they were adjacent to. */
function usersUntilNow(draft: Draft, regions: readonly Rebuilt[]): Set<number> {
	const users = new Set<number>();
	for (const { members, limited, everSeenWith } of regions) {
		if (limited === null && !members.some((id) => draft.region(id).limited !== null)) continue;
		for (const user of everSeenWith) users.add(user);
		for (const id of members) {
			draft.attempt(() => {
				for (const user of draft.adjacent(id)) users.add(user);
			});
		}
	}
	draft.settleNeeds();
	for (const user of users) draft.attempt(() => draft.identifier(user));
	draft.settleNeeds();
	return users;
}

function write(
	draft: Draft,
	regions: readonly Rebuilt[],
	rows: readonly EvidenceRow[],
	atLimit: ReadonlySet<number>,
): void {
	const verdicts = regions.map((region) => {
		const state = stateOf(draft, region, atLimit);
		const before = new Set(region.members.map((id) => draft.rootOf(id)));
		return { region, state, before, root: keepRoot(draft, region.members) };
	});
	const undecided = new Set<number>();
	for (const { region, state } of verdicts) {
		if (state === "contested" || state === "tight") for (const id of region.members) undecided.add(id);
	}
	for (const verdict of verdicts) draft.attempt(() => logChange(draft, verdict));
	const concerned = usersUntilNow(draft, regions);
	draft.settleNeeds();

	const { spans, tails } = replay(gather(draft, rows, undecided), draft);
	const latest = latestOf(rows);
	const about = Map.groupBy(rows, (row) => row.identifier);
	const outcomes = verdicts.map(({ region, state, before, root }) => {
		const isOrdered = state === "contested" || state === "tight";
		const fact: RegionFact = {
			root,
			state,
			owner: state === "settled" ? ([...region.users][0] ?? null) : null,
			size: region.members.length,
			limited: region.shared ? null : region.limited,
			latest: isOrdered && region.members.length > 1 ? latest(region.members) : null,
		};
		return { region, before, isOrdered, fact, isSame: draft.isAsStored(fact, region.members) };
	});
	for (const { region, isOrdered } of outcomes) {
		if (isOrdered) for (const id of region.members) draft.attempt(() => draft.storedSpans(id));
	}
	draft.settleNeeds();
	for (const { before, isSame } of outcomes) {
		if (!isSame) for (const root of before) draft.putLimitedUsers(root, [], true);
	}
	for (const { region, isOrdered, fact, isSame } of outcomes) {
		const wasSeen = region.members.map((id) => writeAdjacent(draft, id, region.adjacent.get(id) ?? []));
		const mayDiffer = region.members.some(
			(id) => draft.identifier(id).corrected || draft.isAliased(id) || draft.hasNewUsers(id),
		);
		if (!isSame || mayDiffer || wasSeen.includes(false)) {
			draft.putLimitedUsers(fact.root, isOrdered && region.limited !== null ? region.users : [], true);
		}
		if (isSame) draft.plan.regions.delete(fact.root);
		else draft.regroup(fact, region.members);
		for (const id of region.members) {
			writeSpans(draft, id, isOrdered ? (spans.get(id) ?? [{ from: null, owner: id }]) : [], isOrdered);
			draft.setTail(id, fact.state === "tight" ? (tails.get(id) ?? null) : null);
			draft.keepCounting(id, about.get(id) ?? []);
		}
		draft.plan.counts.rebuilt += 1;
	}
	for (const user of concerned) draft.setTail(user, atLimit.has(user) ? (tails.get(user) ?? null) : null);
	for (const [user, type] of draft.recounted()) draft.planCount(user, type);
}

/**
 * Writes whom an identifier was seen with; nothing where that is as it was, as it is for nearly all that are decided anew.
 * Returns whether it is.
 */
function writeAdjacent(draft: Draft, id: number, users: readonly number[]): boolean {
	if (!draft.isLimited(id)) {
		draft.plan.adjacent.set(id, users);
		return false;
	}
	const type = draft.typeOf(id);
	const crowded = users.filter((user) => draft.isCrowded(user, type));
	if (draft.wereSeenWith(id, users, crowded)) return true;
	draft.plan.adjacent.set(id, users);
	draft.plan.crowded.set(id, crowded);
	return false;
}

/** The same of its spans. Those that are not in order have none, and are not asked for any. */
function writeSpans(draft: Draft, id: number, spans: readonly Span[], isOrdered: boolean): void {
	const known = isOrdered ? draft.storedSpans(id) : null;
	const isSame = known !== null && known.length === spans.length && known.every((one, i) => sameSpan(one, spans[i]));
	if (isSame) draft.plan.spans.delete(id);
	else draft.plan.spans.set(id, { clear: true, put: [...spans], cut: [] });
}

function sameSpan(a: Span, b: Span | undefined): boolean {
	if (b === undefined || a.owner !== b.owner) return false;
	if (a.from === null || b.from === null) return a.from === b.from;
	return comparePositions(a.from, b.from) === 0;
}

/** When the latest evidence about some identifiers is dated, ms. */
function latestOf(rows: readonly EvidenceRow[]): (members: readonly number[]) => number | null {
	const latest = new Map<number, number>();
	for (const { identifier, position } of rows) {
		latest.set(identifier, Math.max(latest.get(identifier) ?? position.timestamp, position.timestamp));
	}
	return (members) =>
		members.reduce<number | null>((most, id) => {
			const own = latest.get(id);
			return own === undefined || (most !== null && most > own) ? most : own;
		}, null);
}

function stateOf(draft: Draft, region: Rebuilt, atLimit: ReadonlySet<number>): RegionFact["state"] {
	if (region.shared) return "shared";
	if (region.limited && draft.exceeds(region.limited)) return "tight";
	if (region.limited && [...region.users].some((user) => atLimit.has(user))) return "tight";
	return region.users.size > 1 ? "contested" : "settled";
}

/** Rows of one event put together again: its lead, and what it links among the undecided, best first. */
function gather(draft: Draft, rows: readonly EvidenceRow[], among: ReadonlySet<number>): Evidence[] {
	const counting = rows.filter((row) => among.has(row.identifier) && !draft.isDiscounted(row));
	const events: Evidence[] = [];
	for (const group of Map.groupBy(counting, (row) => row.seq).values()) {
		const { seq, position, lead } = group[0] as EvidenceRow;
		if (!draft.isUser(lead) && !among.has(lead)) continue;
		const others = group
			.map((row) => draft.identifier(row.identifier))
			.sort((a, b) => compareIdentifiers(draft.config, a, b))
			.map(({ id }) => id);
		events.push({ seq, position, lead, others });
	}
	return events;
}

interface Verdict {
	region: Rebuilt;
	state: RegionFact["state"];
	/** The roots that its members had. */
	before: ReadonlySet<number>;
	root: number;
}

/** Notes what is different from before; nothing where the region came out as it was. */
function logChange(draft: Draft, { region, state, before, root }: Verdict): void {
	const note = (kind: Change["kind"], other: number | null) =>
		draft.plan.changes.push({ kind, identifier: root, other, seq: null });
	const known = before.has(root) ? draft.region(root) : null;
	let total = 0;
	for (const id of before) total += draft.members(id).length;
	if (before.size > 1) note("union", null);
	if (total > region.members.length) note("split", null);
	if (known?.state === state && state !== "settled") return;
	if (state === "shared") note("share", null);
	else if (state !== "settled") note("contest", null);
	else if (region.users.size === 1 && known?.owner !== [...region.users][0])
		note("claim", [...region.users][0] ?? null);
}
