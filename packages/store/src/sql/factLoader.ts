import {
	type EvidenceRow,
	type Facts,
	type Moment,
	momentKey,
	type Need,
	type Position,
	type Reach,
	type Unlink,
} from "@selfsame/identity";
import {
	type AliasColumns,
	type EvidenceColumns,
	farthest,
	selectAliases,
	selectEvidence,
	selectUnlinks,
	selectUnmerges,
	toAlias,
	toEvidence,
} from "./evidence.ts";
import { identifierFact, regionFact } from "./identifierRows.ts";
import type { Identifiers } from "./identifiers.ts";
import { selectOwnerInForce } from "./ownership.ts";
import { all, column, pluck, type Values, type Work } from "./work.ts";

const members = "SELECT id FROM identifiers WHERE root = ? AND root <> id";
const adjacent = 'SELECT "user" FROM adjacent_users WHERE identifier = ? AND direct = 1';
// Evidence of the very millisecond is compared by message and source; around it the index alone answers.
const earlier = "SELECT 1 FROM event_identifiers WHERE identifier = ? AND ts < ? LIMIT 1";
const sameInstant = `${selectEvidence} AND l.ts = ? ORDER BY e.message_id, e.source`;
const later = `${selectEvidence} AND l.ts = (SELECT min(ts) FROM event_identifiers WHERE identifier = ? AND ts > ?)
	ORDER BY e.message_id, e.source LIMIT 1`;
const limitedRegions = `SELECT id FROM identifiers WHERE owner = :id AND limited IS NOT NULL
	UNION SELECT r.id FROM adjacent_users a JOIN identifiers i ON i.id = a.identifier
	JOIN identifiers r ON r.id = i.root WHERE a."user" = :id AND r.limited IS NOT NULL
	UNION SELECT r.id FROM aliases a JOIN identifiers i ON i.id = a.previous_anonymous
	JOIN identifiers r ON r.id = i.root WHERE a."user" = :id AND a.reading = 1 AND r.limited IS NOT NULL`;
const latestEvidence = `SELECT max(m.ts) FROM (
	SELECT (SELECT max(l.ts) FROM event_identifiers l WHERE l.identifier = i.id) AS ts
	FROM identifiers i WHERE i.id = :id OR (i.root = :id AND i.root <> i.id)) m`;

/** Loads what a decision asks for; all that it asks for in one round. */
export type LoadFacts = (facts: Facts, needs: readonly Need[]) => Work<void>;

export function createFactLoader(identifiers: Identifiers, counts: { evidenceRead: number }): LoadFacts {
	function* readEvidence(sql: string, ...values: Values): Work<EvidenceRow[]> {
		const rows = yield* all<EvidenceColumns>(sql, ...values);
		counts.evidenceRead += rows.length;
		return rows.map(toEvidence);
	}

	function* momentOf(id: number, position: Position): Work<Moment> {
		const { timestamp, messageId, source } = position;
		const owner = yield* pluck<number>(selectOwnerInForce, id, timestamp, messageId, source);
		const now = yield* readEvidence(sameInstant, id, timestamp);
		const isBefore = (row: EvidenceRow) =>
			Buffer.compare(Buffer.from(row.position.messageId), Buffer.from(messageId)) < 0 ||
			(row.position.messageId === messageId && row.position.source < source);
		const nextNow = now.find((row) => !isBefore(row));
		const next = nextNow ?? (yield* readEvidence(later, id, id, timestamp))[0];
		return {
			owner: owner ?? null,
			hasEarlier: now.some(isBefore) || (yield* pluck<number>(earlier, id, timestamp)) !== undefined,
			next: next ? { position: next.position, lead: next.lead } : null,
		};
	}

	function* load(facts: Facts, need: Need): Work<void> {
		const { id } = need;
		switch (need.kind) {
			case "identifier":
				facts.identifiers.set(id, identifierFact(yield* identifiers.byId(id)));
				break;
			case "region":
				facts.regions.set(id, regionFact(yield* identifiers.byId(id)));
				break;
			case "members":
				facts.members.set(id, [id, ...(yield* column<number>(members, id))]);
				break;
			case "adjacent":
				facts.adjacent.set(id, yield* column<number>(adjacent, id));
				break;
			case "evidence":
				facts.evidence.set(id, yield* readEvidence(selectEvidence, id));
				break;
			case "moment":
				facts.moments.set(momentKey(id, need.position), yield* momentOf(id, need.position));
				break;
			case "limitedRegions":
				facts.limitedRegions.set(id, yield* column<number>(limitedRegions, { id }));
				break;
			case "latestEvidence":
				facts.latestEvidence.set(id, (yield* pluck<number | null>(latestEvidence, { id })) ?? null);
				break;
			case "unlinks":
				facts.unlinks.set(id, yield* all<Unlink>(selectUnlinks, { id }));
				break;
			case "unmerges":
				facts.unmerges.set(id, farthest(yield* all<Reach>(selectUnmerges, { id })));
				break;
			case "aliases":
				facts.aliases.set(id, (yield* all<AliasColumns>(selectAliases, { id })).map(toAlias));
				break;
		}
	}

	return function* loadAll(facts, needs) {
		for (const need of needs) yield* load(facts, need);
	};
}
