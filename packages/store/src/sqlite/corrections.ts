import type { Identifier } from "@selfsame/protocol";
import type { Attribution, Correction } from "../port.ts";
import { flag, type IdentifierRow, type Identifiers } from "./identifiers.ts";
import type { Ingest } from "./ingest.ts";
import type { SqliteDatabase } from "./openDatabase.ts";

/** The source name that merges made through the API carry in reasons. */
export const apiSource = "api";

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
	const previousAnonymous = database
		.prepare("SELECT previous_anonymous FROM aliases WHERE (user = :id OR previous_user = :id) AND reading = 1")
		.pluck();
	const merged = database.prepare(
		"SELECT user, previous_user AS other FROM aliases WHERE user = :id OR previous_user = :id",
	);

	const keep = (kind: string, a: number, b: number | null, { at, actor, reason }: Attribution): number => {
		for (const id of b === null ? [a] : [a, b]) ingest.planWriter.raise(id, flag.corrected);
		putChange.run(at, a, b);
		return put.get(kind, at, a, b, actor, reason) as number;
	};
	const user = (value: string, at: number) => identifiers.resolve({ type: "user_id", value }, at);

	const merge = (userId: string, otherUserId: string, attribution: Attribution) => {
		const a = user(userId, attribution.at).id;
		const b = user(otherUserId, attribution.at).id;
		const id = keep("merge", a, b, attribution);
		putMerge.run(-id, attribution.at, `merge-${id}`, a, b, b);
		ingest.revise({ regions: [], groups: [a, b] }, attribution.at);
	};

	const unmerge = (userId: string, attribution: Attribution) => {
		const { id } = user(userId, attribution.at);
		// An alias may name the user by a `previousId` that reads as an anonymous id.
		const anonymous = identifiers.resolve({ type: "anonymous_id", value: userId }, attribution.at).id;
		keep("unmerge", id, anonymous, attribution);
		const groups = (merged.all({ id }) as { user: number; other: number }[]).flatMap((row) => [row.user, row.other]);
		const regions = previousAnonymous.all({ id }) as number[];
		ingest.revise({ regions: [anonymous, ...regions], groups: [id, ...groups] }, attribution.at);
	};

	const unlink = (identifier: Identifier, from: Identifier, attribution: Attribution) => {
		const both = [identifier, from].map((one) => identifiers.resolve(one, attribution.at)) as [
			IdentifierRow,
			IdentifierRow,
		];
		keep("unlink", both[0].id, both[1].id, attribution);
		const regions = both.filter(({ type }) => type !== "user_id").map(({ id }) => id);
		const groups = regions.length === 0 ? both.map(({ id }) => id) : [];
		ingest.revise({ regions, groups }, attribution.at);
	};

	return {
		/** Applies a correction inside a transaction that the caller has begun. */
		apply(correction: Correction, attribution: Attribution): void {
			switch (correction.kind) {
				case "merge":
					merge(correction.userId, correction.otherUserId, attribution);
					break;
				case "unmerge":
					unmerge(correction.userId, attribution);
					break;
				case "unlink":
					unlink(correction.identifier, correction.from, attribution);
					break;
			}
		},
	};
}
