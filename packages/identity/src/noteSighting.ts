import type { Draft } from "./draft.ts";
import type { EvidenceRow, RegionFact } from "./facts.ts";
import { countsAsShared } from "./insertMoment.ts";

/**
 * Step 5 of the rule: counts that a user was seen with an identifier of a type with a limit, whatever becomes of the link.
 *
 * Returns false where the count decides: the identifier is shared from now on, or the user crowded. Then the region is to
 * be decided anew, and with it whatever else that changes.
 */
export function noteSighting(draft: Draft, row: EvidenceRow, region: RegionFact): boolean {
	const { identifier, lead } = row;
	if (!draft.isLimited(identifier)) return true;
	// Nobody but its owner was seen with it, and the owner was: that is how it came to be theirs.
	if (region.state === "settled" && region.owner === lead && region.size === 1) return true;
	if (!draft.isNewPair(row)) return true;
	const type = draft.typeOf(identifier);
	const wasCrowded = draft.isCrowded(lead, type);
	draft.countPair(row);
	if (draft.isCrowded(lead, type) !== wasCrowded) return false;
	return region.state === "shared" || !countsAsShared(draft, identifier, draft.adjacent(identifier));
}
