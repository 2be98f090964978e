import { run, type Work } from "./work.ts";

/** A name's life that a deletion ended. */
export interface PastLife {
	id: number;
	diedAt: number;
}

const inherit = `INSERT INTO corrections (kind, at, before, a, b, actor, reason)
	SELECT kind, at, before, CASE WHEN a = :past THEN :id ELSE a END, CASE WHEN b = :past THEN :id ELSE b END, actor, reason
	FROM corrections WHERE (a = :past OR b = :past) AND kind <> 'merge' AND before > :died ORDER BY id`;

/**
 * Corrections are about names. One that reaches farther than a deletion goes on to hold for the name's next life, whose row
 * is made when it is first heard of: it gets a copy of each. Its last life has copies of those before.
 *
 * @returns whether there are any; then the row is to be flagged as corrected.
 */
export function* inheritCorrections(id: number, past: PastLife): Work<boolean> {
	return (yield* run(inherit, { id, past: past.id, died: past.diedAt })) > 0;
}
