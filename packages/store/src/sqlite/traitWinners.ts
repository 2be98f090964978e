import { createStatements, type SqliteDatabase } from "./openDatabase.ts";
import { insideSpan, type Ownership } from "./ownership.ts";
import { compareTraitRows, type TraitRow } from "./profileReader.ts";
import { remember } from "./remember.ts";

const most = 100_000;

/** Which write of a trait an owner's profile shows. For a database that stands still. */
export function createTraitWinners(database: SqliteDatabase, ownership: Ownership) {
	const statement = createStatements(database);
	const owned = remember((owner: number) => ownership.ownedBy(owner), 1_000);

	const winner = (owner: number, key: string): number | undefined => {
		const latest = owned(owner).flatMap((span) => {
			const { where, values } = insideSpan(span);
			const sql = `SELECT w.seq, w.key, w.ts, e.message_id, e.source, w.value FROM trait_writes w JOIN events e ON e.seq = w.seq
				WHERE w.lead = ? AND w.key = ? AND ${where} ORDER BY w.ts DESC, e.message_id DESC, e.source DESC LIMIT 1`;
			return statement(sql).all(span.identifier, key, ...values) as (TraitRow & { seq: number })[];
		});
		return latest.sort((a, b) => compareTraitRows(b, a))[0]?.seq;
	};
	const known = remember((name: string) => {
		const end = name.indexOf("\n");
		return winner(Number(name.slice(0, end)), name.slice(end + 1));
	}, most);

	return {
		/** The number of the event that wrote it. */
		of: (owner: number, key: string): number | undefined => known(`${owner}\n${key}`),
	};
}
