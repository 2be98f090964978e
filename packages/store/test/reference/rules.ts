import type { AcceptedEvent, Identifier } from "@selfsame/protocol";
import type { Correction } from "@selfsame/store";
import { comparePositions, type Position } from "./order.ts";

/** A correction as it was made: when, and before which instant it undoes evidence. */
export type MadeCorrection = Correction & { at: number; before: number };

/** A span of one identifier's ownership by someone who was deleted. */
export interface Tombstone {
	/** The identifier with its generation. */
	key: string;
	from: Position | null;
	to: Position | null;
	at: number;
}

/** The points of the rule that a mutant breaks, one at a time, to show that the comparison would notice. */
export interface Rules {
	order(a: Position, b: Position): number;
	/** Whether a profile may hold this many of a type. */
	fits(count: number, limit: number | null): boolean;
	/** What happens to an identifier of another profile when the union of the two would break a limit. */
	onConflict: "move" | "unite" | "refuse";
	isShared(users: number, most: number): boolean;
	/** Whether an event counts, as a sighting of its `userId`, for what the `previousId` of an alias is. */
	tellsUser(event: AcceptedEvent, alias: AcceptedEvent): boolean;
	isCrowded(identifiers: number, most: number): boolean;
	previousIdIs(seen: { asAnonymous: boolean; asUser: boolean }): "anonymous" | "user";
	mayJoinUsers(event: AcceptedEvent): boolean;
	/** How far a correction made at `at` reaches, where the latest evidence that it names is dated `latest`. */
	reachOf(at: number, latest: number): number;
	isUnmerged(event: Position, names: readonly string[], correction: MadeCorrection): boolean;
	isUnlinked(event: Position, lead: Identifier, other: Identifier, correction: MadeCorrection): boolean;
	isErased(event: Position, key: string, tombstone: Tombstone): boolean;
	/** Whether a write of null is remembered, so that an older write does not come back. */
	remembersNull: boolean;
	traitOrder(a: Position, b: Position): number;
	/** Whether an identifier that leads again after a deletion is a fresh one. */
	deletionStartsAnew: boolean;
}

const same = (a: Identifier, b: Identifier) => a.type === b.type && a.value === b.value;

export const plainRules: Rules = {
	order: comparePositions,
	fits: (count, limit) => limit === null || count <= limit,
	onConflict: "move",
	isShared: (users, most) => users > most,
	tellsUser: ({ trust, proven }, alias) => alias.trust === "client" || trust === "server" || proven !== false,
	isCrowded: (identifiers, most) => identifiers > most,
	previousIdIs: ({ asAnonymous, asUser }) => (asAnonymous && !asUser ? "anonymous" : "user"),
	mayJoinUsers: (event) => event.trust === "server",
	reachOf: (at, latest) => Math.max(at, latest + 1),
	isUnmerged: (event, names, correction) =>
		correction.kind === "unmerge" && event.timestamp < correction.before && names.includes(correction.userId),
	isUnlinked: (event, lead, other, correction) =>
		correction.kind === "unlink" &&
		event.timestamp < correction.before &&
		((same(lead, correction.identifier) && same(other, correction.from)) ||
			(same(other, correction.identifier) && same(lead, correction.from))),
	isErased: (event, key, { key: deleted, from, to, at }) =>
		event.timestamp < at &&
		key === deleted &&
		(from === null || comparePositions(from, event) < 0) &&
		(to === null || comparePositions(event, to) < 0),
	remembersNull: true,
	traitOrder: comparePositions,
	deletionStartsAnew: true,
};
