import { insideSpan, type Ownership } from "./ownership.ts";
import { remember } from "./remember.ts";
import { compareTraitRows, type TraitRow } from "./traitReader.ts";
import { all, type Work } from "./work.ts";

const most = 100_000;

/** Which write of a trait an owner's profile shows. For a database that stands still. */
export function createTraitWinners(ownership: Ownership) {
	const owned = remember((owner: number) => ownership.ownedBy(owner), 1_000);

	function* winner(owner: number, key: string): Work<number | undefined> {
		const latest: (TraitRow & { seq: number })[] = [];
		for (const span of yield* owned(owner)) {
			const { where, values } = insideSpan(span, "w");
			const sql = `SELECT w.seq, w.key, w.ts, e.message_id, e.source, w.value FROM trait_writes w JOIN events e ON e.seq = w.seq
				WHERE w.key = ? AND ${where} ORDER BY w.ts DESC, e.message_id DESC, e.source DESC LIMIT 1`;
			latest.push(...(yield* all<TraitRow & { seq: number }>(sql, key, ...values)));
		}
		return latest.sort((a, b) => compareTraitRows(b, a))[0]?.seq;
	}
	const known = remember((name: string) => {
		const end = name.indexOf("\n");
		return winner(Number(name.slice(0, end)), name.slice(end + 1));
	}, most);

	return {
		/** The number of the event that wrote it. */
		of: (owner: number, key: string): Work<number | undefined> => known(`${owner}\n${key}`),
	};
}
