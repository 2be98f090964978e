import {
	type AliasRow,
	type EvidenceRow,
	type Facts,
	type Moment,
	momentKey,
	type Need,
	type Position,
	type Span,
	type Unlink,
} from "@selfsame/identity";
import { type Identifiers, identifierFact, regionFact } from "./identifiers.ts";
import type { SqliteDatabase } from "./openDatabase.ts";

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

export const selectAliases = `SELECT * FROM aliases WHERE user = :id OR previous_user = :id OR previous_anonymous = :id`;

/** Loads what a decision asks for. */
export function createFactLoader(database: SqliteDatabase, identifiers: Identifiers, counts: { evidenceRead: number }) {
	const members = database.prepare("SELECT id FROM identifiers WHERE root = ? AND root <> id").pluck();
	const adjacent = database.prepare("SELECT user, direct FROM adjacent_users WHERE identifier = ?");
	const evidence = database.prepare(selectEvidence);
	const inForce = database
		.prepare(
			`SELECT owner FROM spans WHERE identifier = ? AND (from_ts, from_message, from_source) <= (?, ?, ?)
			ORDER BY from_ts DESC, from_message DESC, from_source DESC LIMIT 1`,
		)
		.pluck();
	// Evidence of the very millisecond is compared by message and source; around it the index alone answers.
	const earlier = database.prepare("SELECT 1 FROM event_identifiers WHERE identifier = ? AND ts < ? LIMIT 1").pluck();
	const sameInstant = database.prepare(`${selectEvidence} AND l.ts = ? ORDER BY e.message_id, e.source`);
	const later = database.prepare(
		`${selectEvidence} AND l.ts = (SELECT min(ts) FROM event_identifiers WHERE identifier = ? AND ts > ?)
		ORDER BY e.message_id, e.source LIMIT 1`,
	);
	const limitedRegions = database
		.prepare(
			`SELECT id FROM identifiers WHERE owner = :id AND limited IS NOT NULL
			UNION SELECT r.id FROM adjacent_users a JOIN identifiers i ON i.id = a.identifier
			JOIN identifiers r ON r.id = i.root WHERE a.user = :id AND r.limited IS NOT NULL`,
		)
		.pluck();
	const latestEvidence = database
		.prepare(
			`SELECT max(ts) FROM (SELECT (SELECT max(ts) FROM event_identifiers WHERE identifier = i.id) AS ts
			FROM identifiers i WHERE i.id = :id OR (i.root = :id AND i.root <> i.id))`,
		)
		.pluck();
	const unlinks = database.prepare(
		"SELECT a, b, at AS before FROM corrections WHERE kind = 'unlink' AND (a = :id OR b = :id)",
	);
	const unmerged = database
		.prepare("SELECT max(at) FROM corrections WHERE kind = 'unmerge' AND (a = :id OR b = :id)")
		.pluck();
	const aliases = database.prepare(selectAliases);

	const readEvidence = (rows: unknown[]): EvidenceRow[] => {
		counts.evidenceRead += rows.length;
		return (rows as EvidenceColumns[]).map(toEvidence);
	};

	const momentOf = (id: number, position: Position): Moment => {
		const { timestamp, messageId, source } = position;
		const owner = inForce.get(id, timestamp, messageId, source) as number | undefined;
		const now = readEvidence(sameInstant.all(id, timestamp));
		const isBefore = (row: EvidenceRow) =>
			Buffer.compare(Buffer.from(row.position.messageId), Buffer.from(messageId)) < 0 ||
			(row.position.messageId === messageId && row.position.source < source);
		const nextNow = now.find((row) => !isBefore(row));
		const next = nextNow ?? readEvidence(later.all(id, id, timestamp))[0];
		return {
			owner: owner ?? null,
			hasEarlier: now.some(isBefore) || earlier.get(id, timestamp) !== undefined,
			next: next ? { position: next.position, lead: next.lead } : null,
		};
	};

	return function load(facts: Facts, need: Need): void {
		const { id } = need;
		switch (need.kind) {
			case "identifier":
				facts.identifiers.set(id, identifierFact(identifiers.byId(id)));
				break;
			case "region":
				facts.regions.set(id, regionFact(identifiers.byId(id)));
				break;
			case "members":
				facts.members.set(id, [id, ...(members.all(id) as number[])]);
				break;
			case "adjacent":
				facts.adjacent.set(
					id,
					(adjacent.all(id) as { user: number; direct: number }[]).map(({ user, direct }) => ({
						user,
						direct: direct === 1,
					})),
				);
				break;
			case "evidence":
				facts.evidence.set(id, readEvidence(evidence.all(id)));
				break;
			case "moment":
				facts.moments.set(momentKey(id, need.position), momentOf(id, need.position));
				break;
			case "limitedRegions":
				facts.limitedRegions.set(id, limitedRegions.all({ id }) as number[]);
				break;
			case "latestEvidence":
				facts.latestEvidence.set(id, latestEvidence.get({ id }) as number | null);
				break;
			case "unlinks":
				facts.unlinks.set(id, unlinks.all({ id }) as Unlink[]);
				break;
			case "unmerges":
				facts.unmerges.set(id, unmerged.get({ id }) as number | null);
				break;
			case "aliases":
				facts.aliases.set(id, (aliases.all({ id }) as AliasColumns[]).map(toAlias));
				break;
		}
	};
}
