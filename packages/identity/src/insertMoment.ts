import type { Draft } from "./draft.ts";
import type { EvidenceRow, RegionFact } from "./facts.ts";
import { comparePositions, type Position } from "./order.ts";
import type { SpanEdit } from "./plan.ts";
import type { Span } from "./replay.ts";

/**
 * Evidence about a device with several users, at any place in time. Where the identifier is a region of its own, each
 * piece of evidence hands it to the user who led, so one more piece changes ownership only until the next one: what
 * stands just before and just after is all that has to be known.
 *
 * Returns false where that is not so: the count of users decides, or what a correction took away is not told apart yet.
 */
export function insertMoment(draft: Draft, row: EvidenceRow, region: RegionFact): boolean {
	const { identifier, lead: user, position } = row;
	if (!draft.isCounted(identifier)) return false;
	const adjacent = draft.adjacent(identifier);
	const users = withUser(adjacent, row);
	if (countsAsShared(draft, identifier, users)) return false;

	const stored = draft.moment(identifier, position);
	const earlier = draft.latestOf(identifier);
	const { next } = stored;
	// Between this and the last new evidence lies stored evidence, or none: whichever is later decides who owns it now.
	const overtaken = earlier !== null && (earlier.next === null || comparePositions(earlier.next, position) > 0);
	const owner = overtaken ? earlier.owner : (stored.owner ?? region.owner);
	const hasEarlier = stored.hasEarlier || earlier !== null;
	if (owner === null) return false;

	const edit = draft.editSpans(identifier);
	if (region.state === "settled") {
		put(edit, { from: null, owner: region.owner as number });
		draft.setRegion({ ...region, state: "contested", owner: null });
		draft.plan.changes.push({ kind: "contest", identifier, other: user, seq: row.seq });
	}
	if (!hasEarlier) {
		put(edit, { from: null, owner: user });
		if (next && next.lead !== user) put(edit, { from: next.position, owner: next.lead });
	} else if (owner !== user) {
		put(edit, { from: position, owner: user });
		if (next?.lead === user) cut(edit, next.position);
		else if (next?.lead === owner) put(edit, { from: next.position, owner });
	}
	if (users !== adjacent) draft.noteSeenWith(row);
	for (const one of region.owner === null ? [user] : [region.owner, user]) {
		draft.noteLimited(one, draft.region(identifier));
	}
	draft.setLatestOf(identifier, { owner: user, next: next?.position ?? null });
	draft.plan.counts.window += 1;
	return true;
}

/** The users that the identifier was seen with, this one included unless it comes with an alias's `previousId`. */
export function withUser(adjacent: readonly number[], row: EvidenceRow): readonly number[] {
	return row.previous || adjacent.includes(row.lead) ? adjacent : [...adjacent, row.lead];
}

/** Steps 4 and 5: an anonymous id, or an identifier of a type with a limit, seen with too many users identifies nobody. */
export function countsAsShared(draft: Draft, identifier: number, users: readonly number[]): boolean {
	const { maxUsersPerAnonymousId, maxUsersPerIdentifier } = draft.config;
	if (draft.typeOf(identifier) === "anonymous_id") return users.length > maxUsersPerAnonymousId;
	return draft.isLimited(identifier) && users.length > maxUsersPerIdentifier;
}

function put(edit: SpanEdit, span: Span): void {
	edit.cut = edit.cut.filter((position) => !samePosition(position, span.from));
	edit.put = edit.put.filter((known) => !samePosition(known.from, span.from));
	edit.put.push(span);
}

function cut(edit: SpanEdit, position: Position): void {
	edit.put = edit.put.filter((known) => !samePosition(known.from, position));
	edit.cut.push(position);
}

function samePosition(a: Position | null, b: Position | null): boolean {
	if (a === null || b === null) return a === b;
	return comparePositions(a, b) === 0;
}
