import {
	type EvidenceRow,
	type Facts,
	type Moment,
	momentKey,
	type Need,
	type Position,
	pairKey,
	type Reach,
	type Unlink,
} from "@selfsame/identity";
import {
	type AliasColumns,
	type EvidenceColumns,
	evidenceTable,
	farthest,
	latestOf,
	linkKind,
	type SpanColumns,
	selectAliases,
	selectEvidence,
	selectSpans,
	selectUnlinks,
	selectUnmerges,
	toAlias,
	toEvidence,
	toSpan,
} from "./evidence.ts";
import { identifierFact, regionFact } from "./identifierRows.ts";
import type { Identifiers } from "./identifiers.ts";
import { selectOwnerInForce } from "./ownership.ts";
import { all, column, pluck, type Values, type Work } from "./work.ts";

const members = "SELECT id FROM identifiers WHERE root = ? AND root <> id";
const adjacent = 'SELECT "user", direct FROM adjacent_users WHERE identifier = ? AND direct > 0';
// Evidence of the very millisecond is compared by message and source; around it the index alone answers.
const beside = [false, true].map((isCounted) => {
	const table = evidenceTable(isCounted);
	const byUser = `l.kind <> ${linkKind.joint}`;
	const rows = `SELECT l.seq, l.ts, e.message_id, e.source, l.lead, l.identifier, l.kind
		FROM ${table} l JOIN events e ON e.seq = l.seq WHERE l.identifier = ?`;
	return {
		earlier: (counts: string) =>
			`SELECT 1 FROM ${table} l WHERE identifier = ? AND ts < ? AND ${byUser}${counts} LIMIT 1`,
		sameInstant: (counts: string) => `${rows} AND l.ts = ? AND ${byUser}${counts} ORDER BY e.message_id, e.source`,
		later: (counts: string) => `${rows} AND l.ts =
			(SELECT min(ts) FROM ${table} l WHERE identifier = ? AND ts > ? AND ${byUser}${counts}) AND ${byUser}${counts}
			ORDER BY e.message_id, e.source LIMIT 1`,
	};
});
/** Leaves out evidence led by some users; mostly by none, and then there is nothing to add. */
const exceptLeads = (except: readonly number[]) =>
	except.length === 0 ? "" : ` AND l.lead NOT IN (${except.join(", ")})`;
const limitedRegions = `SELECT id FROM identifiers WHERE owner = :id AND limited IS NOT NULL
	UNION SELECT r.id FROM limited_users l JOIN identifiers r ON r.id = l.root
	WHERE l."user" = :id AND r.root = r.id AND r.limited IS NOT NULL`;
const seenOf = `SELECT a.identifier FROM adjacent_users a JOIN identifiers i ON i.id = a.identifier
	WHERE a."user" = ? AND a.direct > 0 AND i.type <> 'anonymous_id'`;
const joints = `SELECT DISTINCT identifier FROM event_identifiers WHERE lead = ? AND kind = ${linkKind.joint}`;
const together = 'SELECT 1 FROM adjacent_users WHERE identifier = ? AND "user" = ? AND direct > 0';
const latestEvidence = `SELECT max(m.ts) FROM (
	SELECT ${latestOf("i")} AS ts
	FROM identifiers i WHERE i.id = :id OR (i.root = :id AND i.root <> i.id)) m`;

export interface AdjacentColumns {
	user: number;
	/** 2: the user is crowded for the identifier's type. */
	direct: number;
}

/** Takes in whom an identifier was seen with. */
export function putAdjacent(facts: Facts, id: number, rows: readonly AdjacentColumns[]): void {
	facts.adjacent.set(
		id,
		rows.map(({ user }) => user),
	);
	facts.crowded.set(
		id,
		rows.filter(({ direct }) => direct === 2).map(({ user }) => user),
	);
}

/** Loads what a decision asks for; all that it asks for in one round. */
export type LoadFacts = (facts: Facts, needs: readonly Need[]) => Work<void>;

export function createFactLoader(identifiers: Identifiers, counts: { evidenceRead: number }): LoadFacts {
	function* readEvidence(sql: string, ...values: Values): Work<EvidenceRow[]> {
		const rows = yield* all<EvidenceColumns>(sql, ...values);
		counts.evidenceRead += rows.length;
		return rows.map(toEvidence);
	}

	function* momentOf(id: number, position: Position, except: readonly number[]): Work<Moment> {
		const counts = exceptLeads(except);
		const { timestamp, messageId, source } = position;
		const isCounted = identifierFact(yield* identifiers.byId(id)).counted;
		const { earlier, sameInstant, later } = beside[isCounted ? 1 : 0] as (typeof beside)[number];
		const owner = yield* pluck<number>(selectOwnerInForce, id, timestamp, messageId, source);
		const now = yield* readEvidence(sameInstant(counts), id, timestamp);
		const isBefore = (row: EvidenceRow) =>
			Buffer.compare(Buffer.from(row.position.messageId), Buffer.from(messageId)) < 0 ||
			(row.position.messageId === messageId && row.position.source < source);
		const nextNow = now.find((row) => !isBefore(row));
		const next = nextNow ?? (yield* readEvidence(later(counts), id, id, timestamp))[0];
		return {
			owner: owner ?? null,
			hasEarlier: now.some(isBefore) || (yield* pluck<number>(earlier(counts), id, timestamp)) !== undefined,
			next: next ? { position: next.position, lead: next.lead } : null,
		};
	}

	/** Whoever asks for these regions asks for what they are next. */
	function* loadLimited(facts: Facts, user: number): Work<void> {
		const roots = yield* column<number>(limitedRegions, { id: user });
		facts.limitedRegions.set(user, roots);
		for (const root of roots) {
			if (facts.identifiers.has(root) && facts.regions.has(root)) continue;
			const row = yield* identifiers.byId(root);
			facts.identifiers.set(root, identifierFact(row));
			facts.regions.set(root, regionFact(row));
		}
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
				putAdjacent(facts, id, yield* all<AdjacentColumns>(adjacent, id));
				break;
			case "together":
				facts.together.set(pairKey(id, need.user), (yield* pluck<number>(together, id, need.user)) !== undefined);
				break;
			case "seenOf":
				facts.seenOf.set(id, yield* column<number>(seenOf, id));
				break;
			case "joints":
				facts.joints.set(id, yield* column<number>(joints, id));
				break;
			case "spans":
				facts.spans.set(id, (yield* all<SpanColumns>(selectSpans, id)).map(toSpan));
				break;
			case "evidence":
				facts.evidence.set(id, yield* readEvidence(selectEvidence, id));
				break;
			case "moment":
				facts.moments.set(momentKey(id, need.position), yield* momentOf(id, need.position, need.except));
				break;
			case "limitedRegions":
				yield* loadLimited(facts, id);
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
