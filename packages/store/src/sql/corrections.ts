import type { Identifier } from "@selfsame/protocol";
import type { Attribution, Correction } from "../port.ts";
import type { Decider } from "./decider.ts";
import { flag, type IdentifierRow } from "./identifierRows.ts";
import type { Identifiers } from "./identifiers.ts";
import { inheritCorrections } from "./inheritCorrections.ts";
import { all, column, pluck, run, type Work } from "./work.ts";

/** The source name that merges made through the API carry in reasons. */
const apiSource = "api";

/** A correction by the rows that it names: two users, a user and its value as an anonymous id, or any two. */
export interface CorrectionRows {
	kind: Correction["kind"];
	a: IdentifierRow;
	b: IdentifierRow;
}

const columns = "kind, at, before, a, b, actor, reason";
const put = `INSERT INTO corrections (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id`;
const putAgain = `INSERT INTO corrections (${columns}, id) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`;
const putMerge = `INSERT INTO aliases
	(seq, ts, message_id, source, "user", previous_user, previous_anonymous, reading, trusted)
	VALUES (?, ?, ?, '${apiSource}', ?, ?, ?, 0, 1)`;
const putChange = "INSERT INTO changes (at, kind, identifier, other) VALUES (?, 'correction', ?, ?)";
const anonymousReadings =
	'SELECT previous_anonymous FROM aliases WHERE ("user" = :id OR previous_user = :id) AND reading = 1';
const joined = 'SELECT "user", previous_user AS other FROM aliases WHERE "user" = :id OR previous_user = :id';

// Whichever way the `previousId` is read: what names somebody is evidence, whether it counts now or not.
const lastAlias = `SELECT max(ts) FROM aliases WHERE "user" = :a OR previous_user = :a OR previous_anonymous = :b`;
const lastLink = `SELECT max(ts) FROM (
	SELECT max(ts) AS ts FROM event_identifiers WHERE identifier = :a AND lead = :b
	UNION ALL SELECT max(ts) FROM event_identifiers WHERE identifier = :b AND lead = :a
	UNION ALL SELECT max(ts) FROM aliases WHERE "user" = :a AND (previous_user = :b OR previous_anonymous = :b)
	UNION ALL SELECT max(ts) FROM aliases WHERE "user" = :b AND (previous_user = :a OR previous_anonymous = :a)) AS links`;

/** Corrections: kept for ever with who made them and why, then the parts they touch are decided anew. */
export function createCorrections(identifiers: Identifiers, decider: Decider) {
	/** Which regions and alias groups a correction may change. */
	function* touchedBy({ kind, a, b }: CorrectionRows): Work<{ regions: number[]; groups: number[] }> {
		if (kind === "merge") return { regions: [], groups: [a.id, b.id] };
		if (kind === "unmerge") {
			const pairs = yield* all<{ user: number; other: number }>(joined, { id: a.id });
			const groups = pairs.flatMap(({ user, other }) => [user, other]);
			const readings = yield* column<number>(anonymousReadings, { id: a.id });
			return { regions: [b.id, ...readings], groups: [a.id, ...groups] };
		}
		const regions = [a, b].filter(({ type }) => type !== "user_id").map(({ id }) => id);
		return { regions, groups: regions.length === 0 ? [a.id, b.id] : [] };
	}

	/** When the latest evidence is dated that a correction names, ms; null where there is none. */
	function* latestOf({ kind, a, b }: CorrectionRows): Work<number | null> {
		if (kind === "merge") return null;
		return (yield* pluck<number | null>(kind === "unmerge" ? lastAlias : lastLink, { a: a.id, b: b.id })) ?? null;
	}

	/**
	 * @param before how far it reaches; null: as far as `at`.
	 * @param known the number that the correction has in another database of the workspace.
	 */
	function* applyRows(
		rows: CorrectionRows,
		{ at, actor, reason }: Attribution,
		before: number | null,
		known?: number,
	): Work<void> {
		const { kind, a, b } = rows;
		for (const row of [a, b]) {
			yield* decider.raise(row.id, flag.corrected);
			// What is stored about a fresh one is not looked for, and this correction is about to be.
			row.fresh = false;
		}
		yield* run(putChange, at, a.id, b.id);
		const values = [kind, at, before, a.id, b.id, actor, reason] as const;
		const id = known ?? ((yield* pluck<number>(put, ...values)) as number);
		if (known !== undefined) yield* run(putAgain, ...values, known);
		if (kind === "merge") yield* run(putMerge, -id, at, `merge-${id}`, a.id, b.id, b.id);
		const touched = yield* touchedBy(rows);
		// What counts of the evidence about them is another from now on.
		for (const region of touched.regions) yield* decider.lower(region, flag.counted);
		yield* decider.revise(touched, at);
	}

	/** The row of a name that lives; where this makes it, with the corrections of its last life. */
	function* living(identifier: Identifier, at: number): Work<IdentifierRow> {
		const row = yield* identifiers.resolve(identifier, at);
		if (row.fresh) yield* inherit(row, identifier);
		return row;
	}

	/** Copies the corrections that reach into a new life of a name. */
	function* inherit(row: IdentifierRow, identifier: Identifier): Work<void> {
		const past = yield* identifiers.lastLife(identifier);
		if (past && (yield* inheritCorrections(row.id, past))) yield* decider.raise(row.id, flag.corrected);
	}

	/** The living identifier, then what it was before each deletion: a correction is about the name, whoever had it. */
	function* rowsOf(identifier: Identifier, at: number): Work<IdentifierRow[]> {
		return [yield* living(identifier, at), ...(yield* identifiers.erased(identifier))];
	}

	function* toRows(correction: Correction, at: number): Work<CorrectionRows[]> {
		const { kind } = correction;
		const [one, other] = namesOf(correction);
		if (kind === "merge") {
			return [{ kind, a: yield* living(one, at), b: yield* living(other, at) }];
		}
		const [left, right] = [yield* rowsOf(one, at), yield* rowsOf(other, at)];
		return left.flatMap((a) => right.map((b) => ({ kind, a, b })));
	}

	return {
		/** Applies a correction inside a transaction that the caller has begun. */
		*apply(correction: Correction, attribution: Attribution): Work<void> {
			const all = yield* toRows(correction, attribution.at);
			let before = attribution.at;
			// A link dated later than now is undone as well: up to there, and no farther.
			for (const rows of all) before = Math.max(before, ((yield* latestOf(rows)) ?? Number.NEGATIVE_INFINITY) + 1);
			for (const rows of all) yield* applyRows(rows, attribution, before);
		},
		applyRows,
		inherit,
	};
}

export type Corrections = ReturnType<typeof createCorrections>;

function namesOf(correction: Correction): [Identifier, Identifier] {
	const user = (value: string) => ({ type: "user_id", value });
	switch (correction.kind) {
		case "merge":
			return [user(correction.userId), user(correction.otherUserId)];
		case "unmerge":
			// An alias may name the user by a `previousId` that reads as an anonymous id.
			return [user(correction.userId), { type: "anonymous_id", value: correction.userId }];
		case "unlink":
			return [correction.identifier, correction.from];
	}
}
