import { withLatest } from "./appendAtLimit.ts";
import type { Draft } from "./draft.ts";
import type { EvidenceRow, RegionFact } from "./facts.ts";
import { countsAsShared, withUser } from "./insertMoment.ts";

/**
 * Evidence about a region whose order counts, dated after all that is known of the region. Whoever owns its identifiers
 * at the end of its history owns them at this instant: what is one stays one, and an identifier that another user leads
 * now changes hands. Nothing earlier can come out differently, so nothing is read again.
 *
 * Returns false where that is not certain: the count of users or of limited identifiers decides.
 */
export function appendEvidence(draft: Draft, row: EvidenceRow, region: RegionFact): boolean {
	const { identifier, lead, position } = row;
	if (region.state !== "contested") return false;
	if (!draft.isCounted(identifier) || !(draft.isUser(lead) || draft.isCounted(lead))) return false;
	if (!draft.isUser(lead) && draft.rootOf(lead) !== region.root) return false;
	const latest = draft.latestEvidence(region.root);
	if (latest !== null && latest >= position.timestamp) return false;
	if (draft.isUser(lead) && !isWithinLimits(draft, row, region)) return false;

	const mine = ownerNow(draft, lead, row);
	const theirs = ownerNow(draft, identifier, row);
	if (mine === null || theirs === null) return false;
	if (mine !== theirs) {
		// Two users are never one, so the identifier alone moves, if it fits: as it does where no limit is in reach.
		if (!draft.isUser(mine) || !draft.isUser(theirs)) return false;
		draft.editSpans(identifier).put.push({ from: position, owner: mine });
	}
	if (draft.isUser(lead)) {
		draft.noteSeenWith(row);
		draft.noteLimited(lead, region);
	}
	draft.setRegion(withLatest(draft, region, position));
	draft.setLatestOf(identifier, { owner: mine, next: null });
	if (mine === theirs) draft.plan.counts.fast += 1;
	else draft.plan.counts.window += 1;
	return true;
}

/** Whether a user's evidence leaves every count on its side of a limit. */
function isWithinLimits(draft: Draft, row: EvidenceRow, region: RegionFact): boolean {
	if (countsAsShared(draft, row.identifier, withUser(draft.adjacent(row.identifier), row))) return false;
	return draft.mayHold(row.lead, region);
}

/** Who owns an identifier after all that is stored and all of this batch so far; null where that is not known. */
function ownerNow(draft: Draft, id: number, { position }: EvidenceRow): number | null {
	if (draft.isUser(id)) return id;
	return draft.latestOf(id)?.owner ?? draft.moment(id, position).owner;
}
