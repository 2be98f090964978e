import type { Draft } from "./draft.ts";
import type { EvidenceRow, RegionFact } from "./facts.ts";
import { countsAsShared, withUser } from "./insertMoment.ts";
import { comparePositions, type Position } from "./order.ts";

/**
 * Evidence about somebody of whom a limit is in reach, dated after all that has to do with the two profiles that it is
 * about. How both end is known (see `Tail`), so that this alone is decided: the identifier joins, moves, or is refused.
 *
 * Returns false where that is not certain, or where more than one identifier would change hands.
 */
export function appendAtLimit(draft: Draft, row: EvidenceRow, region: RegionFact): boolean {
	const { identifier, lead, position } = row;
	// Of one that was nobody's or whose order did not count so far, the beginning is told here too.
	const isNew = region.size === 1 && region.limited !== null && region.state !== "tight" && region.state !== "shared";
	if (region.state !== "tight" && !isNew) return false;
	if (!draft.isCounted(identifier) || !(draft.isUser(lead) || draft.isCounted(lead))) return false;
	if (!isCertain(draft, row, region, isNew)) return false;

	const mine = ownerAtEnd(draft, lead, position, null);
	const theirs = ownerAtEnd(draft, identifier, position, isNew ? (region.owner ?? identifier) : null);
	if (mine === null || theirs === null || !isLast(draft, mine, position) || !isLast(draft, theirs, position))
		return false;
	const done =
		mine === theirs || link(draft, row, { mine, theirs, isAlone: theirs === identifier && region.size === 1 });
	if (!done) return false;

	if (isNew && region.state === "settled") {
		draft.editSpans(identifier).put.unshift({ from: null, owner: theirs });
		for (const user of region.owner === null ? [] : [region.owner])
			draft.noteLimited(user, { ...region, state: "tight" });
	}
	if (isNew) draft.plan.changes.push({ kind: "contest", identifier, other: lead, seq: row.seq });
	draft.setRegion(isNew ? { ...region, state: "tight", owner: null } : withLatest(draft, region, position));
	for (const owner of [mine, theirs]) touch(draft, owner, position);
	if (draft.isUser(lead)) {
		draft.noteSeenWith(row);
		draft.noteLimited(lead, draft.region(identifier));
	}
	return true;
}

/** Whether no count of users or of limited identifiers decides, nor evidence about another member of the region. */
function isCertain(draft: Draft, row: EvidenceRow, region: RegionFact, isNew: boolean): boolean {
	const { identifier, lead, position } = row;
	if (region.size > 1) {
		const latest = draft.latestEvidence(region.root);
		if (latest !== null && latest >= position.timestamp) return false;
	}
	if (!draft.isUser(lead)) return !isNew && draft.rootOf(lead) === region.root;
	if (countsAsShared(draft, identifier, withUser(draft.adjacent(identifier), row))) return false;
	// A user whom this brings to the limit has other regions, which are decided together from now on.
	return draft.tail(lead) !== null || draft.mayHold(lead, region);
}

interface Sides {
	/** Who owns the lead, and who the identifier, at this instant. */
	mine: number;
	theirs: number;
	/** Whether the identifier is all that its owner holds. */
	isAlone: boolean;
}

/** Step 2 of the rule for one identifier; false where it cannot be told here. */
function link(draft: Draft, { identifier, position }: EvidenceRow, { mine, theirs, isAlone }: Sides): boolean {
	if (!draft.isUser(mine) || !(draft.isUser(theirs) || isAlone)) return false;
	const type = draft.typeOf(identifier);
	const limit = draft.limitOf(type);
	const tail = draft.tail(mine);
	// Of a user without a tail no limit is in reach.
	const fits = limit === null || tail === null || (tail.held[type] ?? 0) < limit;
	const spans = draft.editSpans(identifier).put;
	if (fits) {
		spans.push({ from: isAlone ? null : position, owner: mine });
		hold(draft, mine, type, 1);
		if (isAlone) draft.setTail(identifier, null);
		else hold(draft, theirs, type, -1);
	}
	draft.setLatestOf(identifier, { owner: fits ? mine : theirs, next: null });
	draft.plan.counts.window += 1;
	return true;
}

/** Whether nothing later has to do with a profile. Links of one event follow one another at one position. */
function isLast(draft: Draft, owner: number, position: Position): boolean {
	const tail = draft.tail(owner);
	return tail === null || comparePositions(tail.at, position) <= 0;
}

function hold(draft: Draft, owner: number, type: string, by: 1 | -1): void {
	const tail = draft.tail(owner);
	if (tail === null || draft.limitOf(type) === null) return;
	draft.setTail(owner, { ...tail, held: { ...tail.held, [type]: (tail.held[type] ?? 0) + by } });
}

/** Notes evidence that has to do with a profile of which a limit is in reach. */
export function touch(draft: Draft, owner: number, position: Position): void {
	const tail = draft.tail(owner);
	if (tail !== null && comparePositions(tail.at, position) < 0) draft.setTail(owner, { ...tail, at: position });
}

/** A region with evidence at this position too. A region of one identifier needs no such note. */
export function withLatest(draft: Draft, region: RegionFact, { timestamp }: Position): RegionFact {
	if (region.size === 1) return region;
	const latest = region.latest ?? draft.latestEvidence(region.root) ?? timestamp;
	return { ...region, latest: Math.max(latest, timestamp) };
}

/** Who owns an identifier where nothing about it is later; null where something is. */
function ownerAtEnd(draft: Draft, id: number, position: Position, ifNobody: number | null): number | null {
	if (draft.isUser(id)) return id;
	const batch = draft.latestOf(id);
	const stored = draft.moment(id, position);
	if (stored.next !== null) return null;
	return batch?.owner ?? stored.owner ?? ifNobody;
}
