import type { Position, Span } from "@selfsame/identity";
import type { Identifier } from "@selfsame/protocol";
import { beginning, type SpanColumns, selectSpans, toSpan } from "./evidence.ts";
import { regionStates } from "./identifierRows.ts";
import { neverOnce, type OneCommit } from "./oneCommit.ts";
import { all, column, get, pluck, type Work } from "./work.ts";

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

/** The identifier itself; null where its name was deleted. */
export const nameOf = ({ type, value }: NamedRow): Identifier | null => (value === null ? null : { type, value });

interface RegionRow extends NamedRow {
	state: number;
	owner: number | null;
	size: number;
}

/** All identifiers that were ever seen with a user, or linked by an alias, or are in a region of theirs. */
export const selectIdentifiersOfUser = `SELECT identifier FROM adjacent_users WHERE "user" = :id
	UNION SELECT previous_anonymous FROM aliases WHERE "user" = :id AND reading = 1
	UNION SELECT id FROM identifiers WHERE owner = :id
	UNION SELECT m.id FROM identifiers r JOIN identifiers m ON m.root = r.id AND m.root <> m.id WHERE r.owner = :id`;

const ownersOfSpans = "SELECT owner FROM spans WHERE identifier = ?";
const lastFirst = "ORDER BY from_ts DESC, from_message DESC, from_source DESC LIMIT 1";

/** The owner that an identifier's spans give it at a position. */
export const selectOwnerInForce = `${ownersOfSpans} AND (from_ts, from_message, from_source) <= (?, ?, ?) ${lastFirst}`;

/** Who owns what now, read off the state that ingest keeps. */
export function createOwnership({ once }: Pick<OneCommit, "once"> = neverOnce) {
	const row = once(function* (id: number): Work<RegionRow> {
		const sql = "SELECT id, type, value, flags, root, state, owner, size FROM identifiers WHERE id = ?";
		return (yield* get<RegionRow>(sql, id)) as RegionRow;
	});

	function* membersOf(root: number): Work<number[]> {
		if ((yield* row(root)).size === 1) return [root];
		return [root, ...(yield* column<number>("SELECT id FROM identifiers WHERE root = ? AND root <> id", root))];
	}

	const stateOf = (region: RegionRow) => regionStates[region.state] ?? "settled";

	function* spansOf(id: number): Work<Span[]> {
		return (yield* all<SpanColumns>(selectSpans, id)).map(toSpan);
	}

	function* ownerBy(id: number, fromSpans: () => Work<number | undefined>): Work<number> {
		const named = yield* row(id);
		if (named.type === "user_id") return named.root;
		const region = named.root === id ? named : yield* row(named.root);
		const state = stateOf(region);
		const isContested = state === "contested" || state === "tight";
		const owner = isContested ? ((yield* fromSpans()) as number) : (region.owner ?? region.id);
		const ownerRow = yield* row(owner);
		return ownerRow.type === "user_id" ? ownerRow.root : owner;
	}

	/** Everything that a profile owns and owned, by the owner that stands for it. */
	function* ownedBy(owner: number): Work<OwnedSpan[]> {
		const named = yield* row(owner);
		const labels = named.type === "user_id" ? yield* membersOf(owner) : [owner];
		const owned: OwnedSpan[] = [];
		const whole = (identifier: number) => owned.push({ identifier, from: null, to: null });
		if (named.type === "user_id") {
			for (const user of labels) {
				whole(user);
				const roots = yield* column<number>("SELECT id FROM identifiers WHERE owner = ?", user);
				for (const root of roots) (yield* membersOf(root)).forEach(whole);
			}
		} else if (named.root === owner && (stateOf(named) === "settled" || stateOf(named) === "shared")) {
			(yield* membersOf(owner)).forEach(whole);
			return owned;
		}
		const isOurs = new Set(labels);
		const spanned = new Set<number>();
		for (const label of labels) {
			const found = yield* column<number>("SELECT DISTINCT identifier FROM spans WHERE owner = ?", label);
			for (const id of found) spanned.add(id);
		}
		for (const id of spanned) owned.push(...ownedSpans(id, yield* spansOf(id), (label) => isOurs.has(label)));
		return owned;
	}

	return {
		row: row as (id: number) => Work<NamedRow>,

		/** The owner that stands for the profile which holds an identifier now: a user, or whoever it began with. */
		ownerOf: (id: number): Work<number> => ownerBy(id, () => pluck(`${ownersOfSpans} ${lastFirst}`, id)),

		/** The same for the profile that held it at an instant. */
		ownerAt: (id: number, { timestamp, messageId, source }: Position): Work<number> =>
			ownerBy(id, () => pluck(selectOwnerInForce, id, timestamp, messageId, source)),

		ownedBy,
	};
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

/**
 * The condition that an event row `e` is inside a span, with its parameters.
 *
 * @param row another row that holds the event's `lead` and `ts` and is to be found by them: then it alone is asked for them,
 *   so that no plan goes over all events of a lead for each of its rows.
 */
export function insideSpan(
	{ identifier, from, to }: OwnedSpan,
	row = "e",
): { where: string; values: (string | number)[] } {
	const parts = [`${row}.lead = ?`];
	const values: (string | number)[] = [identifier];
	const bound = (operator: string, { timestamp, messageId, source }: Position) => {
		// The first half lets the index on (lead, ts) bound the search; the second is exact.
		parts.push(
			`${row}.ts ${operator}= ?`,
			`(${row}.ts, e.message_id, e.source) ${operator === ">" ? ">=" : "<"} (?, ?, ?)`,
		);
		values.push(timestamp, timestamp, messageId, source);
	};
	if (from && from.timestamp !== beginning) bound(">", from);
	if (to) bound("<", to);
	return { where: parts.join(" AND "), values };
}
