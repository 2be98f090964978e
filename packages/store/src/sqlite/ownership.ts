import type { Position, Span } from "@selfsame/identity";
import { beginning, type SpanColumns, toSpan } from "./facts.ts";
import { regionStates } from "./identifiers.ts";
import { neverOnce, type OneCommit } from "./oneCommit.ts";
import type { SqliteDatabase } from "./openDatabase.ts";

/** A stretch of one identifier's life that a profile owns: events that it leads in `[from, to)` are the profile's. */
export interface OwnedSpan {
	identifier: number;
	/** Null: from the beginning. */
	from: Position | null;
	/** Null: to this day, so the profile holds the identifier. */
	to: Position | null;
}

/** An identifier as readers load it. */
export interface NamedRow {
	id: number;
	type: string;
	value: string | null;
	/** See `flag`. */
	flags: number;
	root: number;
}

interface RegionRow extends NamedRow {
	state: number;
	owner: number | null;
	size: number;
}

/** All identifiers that were ever seen with a user, or are in a region of theirs. */
export const selectIdentifiersOfUser = `SELECT identifier FROM adjacent_users WHERE user = :id
	UNION SELECT id FROM identifiers WHERE owner = :id
	UNION SELECT m.id FROM identifiers r JOIN identifiers m ON m.root = r.id AND m.root <> m.id WHERE r.owner = :id`;

/** Who owns what now, read off the state that ingest keeps. */
export function createOwnership(database: SqliteDatabase, { once }: Pick<OneCommit, "once"> = neverOnce) {
	const byId = database.prepare(
		"SELECT id, type, value, flags, root, state, owner, size FROM identifiers WHERE id = ?",
	);
	const members = database.prepare("SELECT id FROM identifiers WHERE root = ? AND root <> id").pluck();
	const ownedRegions = database.prepare("SELECT id FROM identifiers WHERE owner = ?").pluck();
	const spansOf = database.prepare(
		"SELECT * FROM spans WHERE identifier = ? ORDER BY from_ts, from_message, from_source",
	);
	const spannedBy = database.prepare("SELECT DISTINCT identifier FROM spans WHERE owner = ?").pluck();
	const lastOwner = database
		.prepare(
			"SELECT owner FROM spans WHERE identifier = ? ORDER BY from_ts DESC, from_message DESC, from_source DESC LIMIT 1",
		)
		.pluck();

	const ownerInForce = database
		.prepare(
			`SELECT owner FROM spans WHERE identifier = ? AND (from_ts, from_message, from_source) <= (?, ?, ?)
			ORDER BY from_ts DESC, from_message DESC, from_source DESC LIMIT 1`,
		)
		.pluck();

	const row = once((id: number) => byId.get(id) as RegionRow);
	const membersOf = (root: number): number[] =>
		row(root).size === 1 ? [root] : [root, ...(members.all(root) as number[])];
	const stateOf = (region: RegionRow) => regionStates[region.state] ?? "settled";
	const spans = (id: number): Span[] => (spansOf.all(id) as SpanColumns[]).map(toSpan);

	const ownerBy = (id: number, fromSpans: () => number): number => {
		const named = row(id);
		if (named.type === "user_id") return named.root;
		const region = named.root === id ? named : row(named.root);
		const state = stateOf(region);
		const owner = state === "contested" || state === "tight" ? fromSpans() : (region.owner ?? region.id);
		const ownerRow = row(owner);
		return ownerRow.type === "user_id" ? ownerRow.root : owner;
	};

	/** The owner that stands for the profile which holds an identifier now: a user, or whoever it began with. */
	const ownerOf = (id: number): number => ownerBy(id, () => lastOwner.get(id) as number);

	/** The same for the profile that held it at an instant. */
	const ownerAt = (id: number, { timestamp, messageId, source }: Position): number =>
		ownerBy(id, () => ownerInForce.get(id, timestamp, messageId, source) as number);

	/** Everything that a profile owns and owned, by the owner that stands for it. */
	const ownedBy = (owner: number): OwnedSpan[] => {
		const named = row(owner);
		const labels = named.type === "user_id" ? membersOf(owner) : [owner];
		const owned: OwnedSpan[] = [];
		const whole = (identifier: number) => owned.push({ identifier, from: null, to: null });
		if (named.type === "user_id") {
			for (const user of labels) {
				whole(user);
				for (const root of ownedRegions.all(user) as number[]) membersOf(root).forEach(whole);
			}
		} else if (named.root === owner && (stateOf(named) === "settled" || stateOf(named) === "shared")) {
			membersOf(owner).forEach(whole);
			return owned;
		}
		const isOurs = new Set(labels);
		const spanned = new Set(labels.flatMap((label) => spannedBy.all(label) as number[]));
		for (const id of spanned) owned.push(...ownedSpans(id, spans(id), (label) => isOurs.has(label)));
		return owned;
	};

	return { row: (id: number): NamedRow => row(id), ownerOf, ownerAt, ownedBy };
}

export type Ownership = ReturnType<typeof createOwnership>;

/** The stretches of one identifier that some owners have; neighbours are one. */
export function ownedSpans(
	identifier: number,
	spans: readonly Span[],
	isOurs: (owner: number) => boolean,
): OwnedSpan[] {
	const owned: OwnedSpan[] = [];
	let open: OwnedSpan | null = null;
	for (const { from, owner } of spans) {
		if (isOurs(owner)) {
			if (open) continue;
			open = { identifier, from, to: null };
			owned.push(open);
		} else if (open) {
			open.to = from;
			open = null;
		}
	}
	return owned;
}

/** The condition that an event row `e` is inside a span, with its parameters. */
export function insideSpan({ identifier, from, to }: OwnedSpan): { where: string; values: (string | number)[] } {
	const parts = ["e.lead = ?"];
	const values: (string | number)[] = [identifier];
	const bound = (operator: string, { timestamp, messageId, source }: Position) => {
		// The first half lets the index on (lead, ts) bound the search; the second is exact.
		parts.push(`e.ts ${operator}= ?`, `(e.ts, e.message_id, e.source) ${operator === ">" ? ">=" : "<"} (?, ?, ?)`);
		values.push(timestamp, timestamp, messageId, source);
	};
	if (from && from.timestamp !== beginning) bound(">", from);
	if (to) bound("<", to);
	return { where: parts.join(" AND "), values };
}
