import type { Plan } from "@selfsame/identity";
import { beginning, kindOf } from "../sql/evidence.ts";
import { flag, type IdentifierRow, regionStates } from "../sql/identifierRows.ts";
import { leave, type Work } from "../sql/work.ts";
import { createInsertion } from "./insertRows.ts";
import { bigints } from "./literals.ts";

const raise = `UPDATE identifiers i SET flags = i.flags | r.bits
	FROM json_to_recordset(CAST(? AS json)) AS r(id bigint, bits integer) WHERE i.id = r.id`;
const setRegions = `UPDATE identifiers i
	SET root = r.root, state = r.state, owner = r.owner, size = r.size, limited = r.limited, latest = r.latest
	FROM json_to_recordset(CAST(? AS json))
		AS r(id bigint, root bigint, state integer, owner bigint, size integer, limited text, latest bigint) WHERE i.id = r.id`;
const setSeenWith = `UPDATE identifiers i SET seen_with = r.text
	FROM json_to_recordset(CAST(? AS json)) AS r(id bigint, text text) WHERE i.id = r.id`;
const setTails = `UPDATE identifiers i SET tail = r.text
	FROM json_to_recordset(CAST(? AS json)) AS r(id bigint, text text) WHERE i.id = r.id`;
const clearLimited = "DELETE FROM limited_users WHERE root = ANY(CAST(? AS bigint[]))";
const clearSpans = "DELETE FROM spans WHERE identifier = ANY(CAST(? AS bigint[]))";
const cutSpans = `DELETE FROM spans s
	USING json_to_recordset(CAST(? AS json)) AS r(id bigint, ts bigint, message text, source text)
	WHERE s.identifier = r.id AND s.from_ts = r.ts AND s.from_message = r.message AND s.from_source = r.source`;
const clearAdjacent = "DELETE FROM adjacent_users WHERE identifier = ANY(CAST(? AS bigint[]))";
const setReadings = `UPDATE aliases a SET reading = r.reading
	FROM json_to_recordset(CAST(? AS json)) AS r(seq bigint, reading integer) WHERE a.seq = r.seq`;
const removeEvidence = `DELETE FROM event_identifiers l
	USING json_to_recordset(CAST(? AS json)) AS r(identifier bigint, ts bigint, seq bigint)
	WHERE l.identifier = r.identifier AND l.ts = r.ts AND l.seq = r.seq AND l.kind = 1`;

// The event may carry the same id in its own field.
const removeCounting = `DELETE FROM counting_evidence c
	USING json_to_recordset(CAST(? AS json)) AS r(identifier bigint, ts bigint, seq bigint)
	WHERE c.identifier = r.identifier AND c.ts = r.ts AND c.seq = r.seq AND NOT EXISTS
		(SELECT FROM event_identifiers l WHERE l.identifier = c.identifier AND l.ts = c.ts AND l.seq = c.seq)`;
const clearCounting = "DELETE FROM counting_evidence WHERE identifier = ANY(CAST(? AS bigint[]))";
const putCounting = createInsertion(
	"counting_evidence",
	{ identifier: "bigint", ts: "bigint", seq: "bigint", lead: "bigint", kind: "integer" },
	"ON CONFLICT DO NOTHING",
);

const putSpans = createInsertion(
	"spans",
	{ identifier: "bigint", from_ts: "bigint", from_message: "text", from_source: "text", owner: "bigint" },
	"ON CONFLICT (identifier, from_ts, from_message, from_source) DO UPDATE SET owner = excluded.owner",
);
const putAdjacent = createInsertion(
	"adjacent_users",
	{ identifier: "bigint", user: "bigint", direct: "integer" },
	"ON CONFLICT DO NOTHING",
);
const putLimited = createInsertion("limited_users", { user: "bigint", root: "bigint" }, "ON CONFLICT DO NOTHING");
const putEvidence = createInsertion(
	"event_identifiers",
	{ identifier: "bigint", ts: "bigint", seq: "bigint", lead: "bigint", kind: "integer" },
	"ON CONFLICT DO NOTHING",
);
const putChanges = createInsertion("changes", {
	at: "bigint",
	kind: "text",
	identifier: "bigint",
	other: "bigint",
	seq: "bigint",
});

/** Writes many rows by one statement; none, by none. */
function* write(sql: string, rows: readonly object[]): Work<void> {
	if (rows.length > 0) yield* leave(sql, JSON.stringify(rows));
}

function* writeIds(sql: string, ids: readonly number[]): Work<void> {
	if (ids.length > 0) yield* leave(sql, bigints(ids));
}

/** Sets bits of flags where they are not set yet. */
export function* raiseFlags(bits: ReadonlyMap<number, number>): Work<void> {
	yield* write(
		raise,
		Array.from(bits, ([id, one]) => ({ id, bits: one })),
	);
}

/**
 * Which bits the plan and the events raise.
 *
 * @param flagsOf those that a row has in the database.
 */
export function bitsToRaise(
	plan: Plan,
	leads: Iterable<IdentifierRow>,
	flagsOf: (id: number) => number,
): Map<number, number> {
	const bits = new Map<number, number>();
	const note = (id: number, bit: number) => {
		if ((flagsOf(id) & bit) === 0) bits.set(id, (bits.get(id) ?? 0) | bit);
	};
	for (const { id } of leads) note(id, flag.led);
	for (const id of plan.seen) note(id, flag.seen);
	for (const id of plan.believed) note(id, flag.believed);
	for (const id of plan.unproven) note(id, flag.unproven);
	for (const id of plan.corrected) note(id, flag.corrected);
	for (const id of plan.aliased) note(id, flag.aliased);
	for (const id of plan.counting.keys()) note(id, flag.counted);
	return bits;
}

/** Writes what was decided, the change log included, by one statement for each kind of row. `at` is the commit's time, ms. */
export function* writePlan(plan: Plan, at: number): Work<void> {
	yield* write(setRegions, regionRows(plan));
	yield* writeSpans(plan);
	yield* writeLimits(plan);
	yield* putAdjacent(
		plan.seenWith.map(({ identifier, user, crowded }) => ({ identifier, user, direct: crowded ? 2 : 1 })),
	);
	yield* writeIds(clearAdjacent, [...plan.adjacent.keys()]);
	yield* putAdjacent(
		[...plan.adjacent].flatMap(([identifier, users]) => {
			const crowded = new Set(plan.crowded.get(identifier));
			return users.map((user) => ({ identifier, user, direct: crowded.has(user) ? 2 : 1 }));
		}),
	);
	yield* write(
		setReadings,
		Array.from(plan.readings, ([seq, reading]) => ({ seq, reading: reading === "anonymous" ? 1 : 0 })),
	);
	const removed = plan.removeEvidence.map(({ identifier, position, seq }) => ({
		identifier,
		ts: position.timestamp,
		seq,
	}));
	yield* write(removeEvidence, removed);
	yield* write(removeCounting, removed);
	yield* putEvidence(
		plan.addEvidence.map(({ identifier, position, seq, lead }) => {
			return { identifier, ts: position.timestamp, seq, lead, kind: 1 };
		}),
	);
	yield* writeIds(clearCounting, [...plan.counting.keys()]);
	yield* putCounting(
		[...[...plan.counting.values()].flat(), ...plan.addCounting].map((row) => {
			const { identifier, position, seq, lead } = row;
			return { identifier, ts: position.timestamp, seq, lead, kind: kindOf(row) };
		}),
	);
	yield* putChanges(plan.changes.map((change) => ({ at, ...change })));
}

function regionRows({ roots, regions }: Plan): object[] {
	const rows = new Map<number, object>();
	// Whoever follows another root has no say of its own any more.
	for (const [id, root] of roots)
		rows.set(id, { id, root, state: 0, owner: null, size: 1, limited: null, latest: null });
	for (const { root, state, owner, size, limited, latest } of regions.values()) {
		const text = limited === null ? null : JSON.stringify(limited);
		rows.set(root, { id: root, root, state: regionStates.indexOf(state), owner, size, limited: text, latest });
	}
	return [...rows.values()];
}

function* writeLimits({ seenCounts, tails, limitedUsers }: Plan): Work<void> {
	const texts = (found: ReadonlyMap<number, object | null>) =>
		Array.from(found, ([id, one]) => ({ id, text: one && JSON.stringify(one) }));
	yield* write(setSeenWith, texts(seenCounts));
	yield* write(setTails, texts(tails));
	const roots = [...limitedUsers];
	yield* writeIds(
		clearLimited,
		roots.filter(([, { clear }]) => clear).map(([root]) => root),
	);
	yield* putLimited(roots.flatMap(([root, { users }]) => Array.from(users, (user) => ({ user, root }))));
}

function* writeSpans({ spans }: Plan): Work<void> {
	const edits = [...spans];
	yield* writeIds(
		clearSpans,
		edits.filter(([, { clear }]) => clear).map(([id]) => id),
	);
	yield* write(
		cutSpans,
		edits.flatMap(([id, { cut }]) =>
			cut.map(({ timestamp: ts, messageId: message, source }) => ({ id, ts, message, source })),
		),
	);
	yield* putSpans(
		edits.flatMap(([identifier, { put }]) => {
			// Of several that begin at one place the last holds.
			const byPlace = new Map(put.map((span) => [JSON.stringify(span.from), span]));
			return Array.from(byPlace.values(), ({ from, owner }) => ({
				identifier,
				from_ts: from?.timestamp ?? beginning,
				from_message: from?.messageId ?? "",
				from_source: from?.source ?? "",
				owner,
			}));
		}),
	);
}
