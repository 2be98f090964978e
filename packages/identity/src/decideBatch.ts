import { readAliases } from "./aliases.ts";
import { appendAtLimit } from "./appendAtLimit.ts";
import { appendEvidence } from "./appendEvidence.ts";
import type { IdentityConfig } from "./config.ts";
import { Draft } from "./draft.ts";
import { type EvidenceRow, type Facts, type Need, type RegionFact, sumOf } from "./facts.ts";
import { insertMoment } from "./insertMoment.ts";
import { joinAlone } from "./joinAlone.ts";
import { noteSighting } from "./noteSighting.ts";
import { comparePositions } from "./order.ts";
import type { Candidate, Plan, Revision } from "./plan.ts";
import { rebuildRegions } from "./rebuildRegions.ts";

export type Decision = { plan: Plan; needs?: undefined } | { needs: Need[]; plan?: undefined };

const nothingToRevise: Revision = { regions: [], groups: [] };

/**
 * Decides what a batch of new events does to identity: a plan, or the further facts that the plan depends on, with
 * which to ask again. The outcome is a function of all events, stored and new, not of how they were batched.
 *
 * The usual event finds its region settled with its own user and changes nothing. A first sign-in claims a region by one
 * write. Evidence about a device with several users changes the spans around its instant. Whatever else happens (a late
 * joint, a limit in reach, an anonymous id that turns out to be shared) decides the regions that it touches anew, from
 * their evidence: see `rebuildRegions`.
 */
export function decideBatch(
	facts: Facts,
	events: readonly Candidate[],
	config: IdentityConfig,
	revision: Revision = nothingToRevise,
): Decision {
	const draft = new Draft(facts, config);
	const ordered = [...events].sort((a, b) => comparePositions(a.position, b.position));
	const dirty = new Set<number>(revision.regions);
	for (const id of readAliases(draft, ordered, revision)) dirty.add(id);

	const evidence: EvidenceRow[] = [];
	for (const event of ordered) {
		const rows = evidenceOf(draft, event);
		evidence.push(...rows);
		for (const row of rows) draft.attempt(() => weigh(draft, row, dirty));
	}
	if (draft.needs.size === 0 && dirty.size > 0) draft.attempt(() => rebuildRegions(draft, dirty, evidence));
	draft.attempt(() => draft.addCounting([...evidence, ...draft.plan.addEvidence]));
	return draft.needs.size > 0 ? { needs: [...draft.needs.values()] } : { plan: draft.plan };
}

/** The links that an event asks for, one row each, an alias's anonymous reading included. */
function evidenceOf(draft: Draft, { seq, position, lead, others, alias }: Candidate): EvidenceRow[] {
	const rows = others.map((identifier) => ({ seq, position, lead, identifier, previous: false }));
	if (alias && draft.plan.readings.get(seq) === "anonymous") {
		const identifier = alias.previousAnonymous;
		if (!others.includes(identifier)) rows.push({ seq, position, lead, identifier, previous: true });
	}
	return rows;
}

/** Takes one new link into account, or puts its regions among those to be decided anew. */
function weigh(draft: Draft, row: EvidenceRow, dirty: Set<number>): void {
	const region = draft.region(row.identifier);
	if (draft.isUser(row.lead)) weighUserLink(draft, row, region, dirty);
	else weighJoint(draft, row, region, dirty);
}

/** A user was seen with an identifier. */
function weighUserLink(draft: Draft, row: EvidenceRow, region: RegionFact, dirty: Set<number>): void {
	if (!noteSighting(draft, row, region)) {
		dirty.add(row.identifier);
	} else if (region.state === "settled" && region.owner === row.lead) {
		// Whoever has it by an alias was perhaps not seen with it before.
		if (draft.isAliased(row.identifier)) draft.noteSeenWith(row);
		draft.setLatestOf(row.identifier, { owner: row.lead, next: null });
		draft.plan.counts.fast += 1;
	} else if (region.state === "shared") {
		// This changes nothing about who owns what. That they were seen together is kept.
		draft.noteSeenWith(row);
		draft.noteDiscounted(row);
	} else if (draft.isDiscounted(row)) {
		draft.noteDiscounted(row);
		// The link counts at no time. But a user who was not seen with it before may make it a shared one.
		if (!row.previous && !draft.adjacent(row.identifier).includes(row.lead)) dirty.add(row.identifier);
	} else if (region.state === "settled" && region.owner === null && draft.mayHold(row.lead, region)) {
		claim(draft, row, region);
	} else {
		const alone = region.size === 1 && region.state !== "tight" && draft.mayHold(row.lead, region);
		const done =
			(alone && insertMoment(draft, row, region)) ||
			(!alone && (appendEvidence(draft, row, region) || appendAtLimit(draft, row, region)));
		if (!done) dirty.add(row.identifier);
	}
}

/** The region goes to its first user, with all its history: one write. */
function claim(draft: Draft, row: EvidenceRow, region: RegionFact): void {
	draft.setRegion({ ...region, owner: row.lead });
	draft.setLatestOf(row.identifier, { owner: row.lead, next: null });
	draft.noteSeenWith(row);
	draft.noteLimited(row.lead, region);
	draft.plan.changes.push({ kind: "claim", identifier: region.root, other: row.lead, seq: row.seq });
	draft.plan.counts.fast += 1;
}

/** Two identifiers were seen together without a user: their regions are one, for all time. */
function weighJoint(draft: Draft, row: EvidenceRow, theirs: RegionFact, dirty: Set<number>): void {
	const mine = draft.region(row.lead);
	if (mine.state === "shared" || theirs.state === "shared" || draft.isDiscounted(row)) return;
	if (mine.root === theirs.root && mine.state === "settled") {
		draft.plan.counts.fast += 1;
		return;
	}
	if (mine.root === theirs.root && (appendEvidence(draft, row, mine) || appendAtLimit(draft, row, mine))) return;
	if (mine.root !== theirs.root && joinAlone(draft, row, mine, theirs)) return;
	const settled = mine.state === "settled" && theirs.state === "settled";
	const oneOwner = mine.owner === null || theirs.owner === null || mine.owner === theirs.owner;
	const owner = mine.owner ?? theirs.owner;
	if (!settled || !oneOwner || !mayUnite(draft, mine, theirs, owner)) {
		dirty.add(row.lead).add(row.identifier);
		return;
	}
	const merged = draft.merge(mine, theirs, owner);
	if (owner !== null) draft.noteLimited(owner, merged);
	draft.plan.changes.push({ kind: "union", identifier: row.identifier, other: row.lead, seq: row.seq });
}

/** Whether no limit is in reach of two regions together, nor of the user who owns either. */
function mayUnite(draft: Draft, mine: RegionFact, theirs: RegionFact, owner: number | null): boolean {
	if (draft.exceeds(sumOf([mine.limited, theirs.limited]))) return false;
	return owner === null || draft.mayHold(owner, mine, theirs);
}
