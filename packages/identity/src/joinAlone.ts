import { touch, withLatest } from "./appendAtLimit.ts";
import type { Draft } from "./draft.ts";
import type { EvidenceRow, RegionFact } from "./facts.ts";
import { comparePositions } from "./order.ts";

/**
 * An identifier that nothing is known of yet meets, without a user, one of a region whose order counts. Whoever owns that
 * one at this instant has the new one from its beginning: whatever the time, no other evidence is about it. So however
 * many garbage ids a region is made to swallow, none makes it be read again.
 *
 * Returns false where that is not so.
 */
export function joinAlone(draft: Draft, row: EvidenceRow, mine: RegionFact, theirs: RegionFact): boolean {
	const [into, alone] = mine.size === 1 && mine.state === "settled" ? [theirs, mine] : [mine, theirs];
	const known = into === mine ? row.lead : row.identifier;
	if (into.state !== "contested" && into.state !== "tight") return false;
	if (alone.size !== 1 || alone.state !== "settled" || alone.owner !== null || alone.limited !== null) return false;
	const { root: id } = alone;
	if (draft.identifier(id).corrected || !draft.isCounted(known)) return false;
	const own = draft.moment(id, row.position);
	if (own.hasEarlier || own.next !== null || draft.latestOf(id) !== null) return false;

	const owner = ownerAt(draft, known, row);
	if (owner === null) return false;
	// Of a region of one the moments alone say what is latest; a larger one keeps it.
	const latest = into.latest ?? draft.latestEvidence(into.root) ?? row.position.timestamp;
	draft.join(withLatest(draft, { ...into, size: into.size + 1, latest }, row.position), id);
	draft.editSpans(id).put.push({ from: null, owner });
	draft.setLatestOf(id, { owner, next: null });
	touch(draft, owner, row.position);
	draft.plan.changes.push({ kind: "union", identifier: id, other: known, seq: row.seq });
	draft.plan.counts.window += 1;
	return true;
}

function ownerAt(draft: Draft, id: number, { position }: EvidenceRow): number | null {
	const stored = draft.moment(id, position);
	const batch = draft.latestOf(id);
	if (batch && (batch.next === null || comparePositions(batch.next, position) > 0)) return batch.owner;
	return stored.owner;
}
