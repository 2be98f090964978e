import type { Identifier } from "@selfsame/protocol";
import type { Attribution, Correction } from "../port.ts";
import { flag, type IdentifierRow, type Identifiers } from "./identifiers.ts";
import type { Ingest } from "./ingest.ts";
import type { SqliteDatabase } from "./openDatabase.ts";

/** The source name that merges made through the API carry in reasons. */
const apiSource = "api";

/** A correction by the rows that it names: two users, a user and its value as an anonymous id, or any two. */
export interface CorrectionRows {
	kind: Correction["kind"];
	a: IdentifierRow;
	b: IdentifierRow;
}

/** Corrections: kept for ever with who made them and why, then the parts they touch are decided anew. */
export function createCorrections(database: SqliteDatabase, identifiers: Identifiers, ingest: Ingest) {
	const put = database
		.prepare("INSERT INTO corrections (kind, at, a, b, actor, reason) VALUES (?, ?, ?, ?, ?, ?) RETURNING id")
		.pluck();
	const putMerge = database.prepare(
		`INSERT INTO aliases (seq, ts, message_id, source, user, previous_user, previous_anonymous, reading, trusted)
		VALUES (?, ?, ?, '${apiSource}', ?, ?, ?, 0, 1)`,
	);
	const putChange = database.prepare(
		"INSERT INTO changes (at, kind, identifier, other) VALUES (?, 'correction', ?, ?)",
	);
	const anonymousReadings = database
		.prepare("SELECT previous_anonymous FROM aliases WHERE (user = :id OR previous_user = :id) AND reading = 1")
		.pluck();
	const joined = database.prepare(
		"SELECT user, previous_user AS other FROM aliases WHERE user = :id OR previous_user = :id",
	);

	/** Which regions and alias groups a correction may change. */
	const touchedBy = ({ kind, a, b }: CorrectionRows) => {
		if (kind === "merge") return { regions: [], groups: [a.id, b.id] };
		if (kind === "unmerge") {
			const groups = (joined.all({ id: a.id }) as { user: number; other: number }[]).flatMap((row) => [
				row.user,
				row.other,
			]);
			return { regions: [b.id, ...(anonymousReadings.all({ id: a.id }) as number[])], groups: [a.id, ...groups] };
		}
		const regions = [a, b].filter(({ type }) => type !== "user_id").map(({ id }) => id);
		return { regions, groups: regions.length === 0 ? [a.id, b.id] : [] };
	};

	const applyRows = (rows: CorrectionRows, { at, actor, reason }: Attribution) => {
		const { kind, a, b } = rows;
		for (const { id } of [a, b]) ingest.planWriter.raise(id, flag.corrected);
		putChange.run(at, a.id, b.id);
		const id = put.get(kind, at, a.id, b.id, actor, reason) as number;
		if (kind === "merge") putMerge.run(-id, at, `merge-${id}`, a.id, b.id, b.id);
		ingest.revise(touchedBy(rows), at);
	};

	/** The living identifier, then what it was before each deletion: a correction is about the name, whoever had it. */
	const rowsOf = (identifier: Identifier, at: number): [IdentifierRow, ...IdentifierRow[]] => [
		identifiers.resolve(identifier, at),
		...identifiers.erased(identifier),
	];

	const toRows = (correction: Correction, at: number): CorrectionRows[] => {
		const { kind } = correction;
		const [one, other] = namesOf(correction);
		if (kind === "merge") return [{ kind, a: identifiers.resolve(one, at), b: identifiers.resolve(other, at) }];
		return rowsOf(one, at).flatMap((a) => rowsOf(other, at).map((b) => ({ kind, a, b })));
	};

	return {
		/** Applies a correction inside a transaction that the caller has begun. */
		apply(correction: Correction, attribution: Attribution): void {
			for (const rows of toRows(correction, attribution.at)) applyRows(rows, attribution);
		},
		applyRows,
	};
}

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
