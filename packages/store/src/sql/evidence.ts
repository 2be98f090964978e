import type { AliasRow, CountingRow, EvidenceRow, Reach, Span } from "@selfsame/identity";
import { flag } from "./identifierRows.ts";

/** Stands for "from the beginning" where a position is stored. */
export const beginning = Number.MIN_SAFE_INTEGER;
/** Stands for "to the end". */
export const theEnd = Number.MAX_SAFE_INTEGER;

/** `event_identifiers.kind`. */
export const linkKind = { user: 0, previous: 1, joint: 2 } as const;

export interface EvidenceColumns {
	seq: number;
	ts: number;
	message_id: string;
	source: string;
	lead: number;
	identifier: number;
	kind: number;
}

export interface AliasColumns {
	seq: number;
	ts: number;
	message_id: string;
	source: string;
	user: number;
	previous_user: number;
	previous_anonymous: number;
	reading: number;
	trusted: number;
}

export interface SpanColumns {
	identifier: number;
	from_ts: number;
	from_message: string;
	from_source: string;
	owner: number;
}

export const toEvidence = (row: EvidenceColumns): EvidenceRow => ({
	seq: row.seq,
	position: { timestamp: row.ts, messageId: row.message_id, source: row.source },
	lead: row.lead,
	identifier: row.identifier,
	previous: row.kind === linkKind.previous,
});

export const toAlias = (row: AliasColumns): AliasRow => ({
	seq: row.seq,
	position: { timestamp: row.ts, messageId: row.message_id, source: row.source },
	user: row.user,
	previousUser: row.previous_user,
	previousAnonymous: row.previous_anonymous,
	as: row.reading === 1 ? "anonymous" : "user",
	trusted: row.trusted === 1,
	merge: row.seq < 0,
});

export const toSpan = (row: SpanColumns): Span => ({
	from:
		row.from_ts === beginning ? null : { timestamp: row.from_ts, messageId: row.from_message, source: row.from_source },
	owner: row.owner,
});

export const selectEvidence = `SELECT l.seq, l.ts, e.message_id, e.source, l.lead, l.identifier, l.kind
	FROM event_identifiers l JOIN events e ON e.seq = l.seq WHERE l.identifier = ?`;

export const selectSpans = "SELECT * FROM spans WHERE identifier = ? ORDER BY from_ts, from_message, from_source";
/** How evidence is kept. */
export function kindOf({ previous, joint }: Pick<CountingRow, "previous" | "joint">): number {
	if (joint) return linkKind.joint;
	return previous ? linkKind.previous : linkKind.user;
}

/** Where what counts of the evidence about an identifier is found. */
export const evidenceTable = (isCounted: boolean) => (isCounted ? "counting_evidence" : "event_identifiers");

/** When the latest evidence that counts about an identifier is dated. */
export const latestOf = (identifier: string) => {
	const latestIn = (table: string) => `(SELECT max(l.ts) FROM ${table} l WHERE l.identifier = ${identifier}.id)`;
	return `CASE WHEN (${identifier}.flags & ${flag.counted}) = 0 THEN ${latestIn(evidenceTable(false))}
		ELSE ${latestIn(evidenceTable(true))} END`;
};

export const selectAliases = `SELECT * FROM aliases WHERE "user" = :id OR previous_user = :id OR previous_anonymous = :id`;

/** What a correction undoes, as older versions kept it too. */
export const selectReach = "SELECT id, a, b, at, coalesce(before, at) AS before FROM corrections";

export const selectUnlinks = `${selectReach} WHERE kind = 'unlink' AND (a = :id OR b = :id)`;
export const selectUnmerges = `${selectReach} WHERE kind = 'unmerge' AND (a = :id OR b = :id)`;

/** The farthest of several; null where there is none. */
export const farthest = (reaches: readonly Reach[]): Reach | null =>
	reaches.length === 0
		? null
		: { id: Math.max(...reaches.map(({ id }) => id)), before: Math.max(...reaches.map(({ before }) => before)) };
