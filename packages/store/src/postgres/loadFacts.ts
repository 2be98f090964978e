import {
	type EvidenceRow,
	type Facts,
	momentKey,
	type Need,
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
	selectReach,
	toAlias,
	toEvidence,
	toSpan,
} from "../sql/evidence.ts";
import { type AdjacentColumns, type LoadFacts, putAdjacent } from "../sql/factLoader.ts";
import { type IdentifierColumns, identifierColumns, identifierFact, regionFact } from "../sql/identifierRows.ts";
import { all, type Work } from "../sql/work.ts";
import { bigints } from "./literals.ts";
import type { LockedRows } from "./lockedRows.ts";

const ids = "ANY(CAST(:ids AS bigint[]))";

const members = `SELECT ${identifierColumns} FROM identifiers WHERE root = ${ids} AND root <> id`;
const adjacent = `SELECT identifier, "user", direct FROM adjacent_users WHERE identifier = ${ids} AND direct > 0`;
const evidence = `SELECT l.seq, l.ts, e.message_id, e.source, l.lead, l.identifier, l.kind
	FROM event_identifiers l JOIN events e ON e.seq = l.seq WHERE l.identifier = ${ids}`;
const limitedRegions = `SELECT owner AS "user", id FROM identifiers WHERE owner = ${ids} AND limited IS NOT NULL
	UNION SELECT l."user", r.id FROM limited_users l JOIN identifiers r ON r.id = l.root
	WHERE l."user" = ${ids} AND r.root = r.id AND r.limited IS NOT NULL`;
const seenOf = `SELECT a."user", a.identifier FROM adjacent_users a JOIN identifiers i ON i.id = a.identifier
	WHERE a."user" = ${ids} AND a.direct > 0 AND i.type <> 'anonymous_id'`;
const joints = `SELECT DISTINCT lead, identifier FROM event_identifiers
	WHERE lead = ${ids} AND kind = ${linkKind.joint}`;
const spans = `SELECT * FROM spans WHERE identifier = ${ids} ORDER BY from_ts, from_message, from_source`;
const together = `SELECT identifier, "user" FROM adjacent_users
	JOIN json_to_recordset(CAST(? AS json)) AS m(id bigint, with_user bigint)
	ON identifier = m.id AND "user" = m.with_user WHERE direct > 0`;
const latestEvidence = `SELECT i.root, max(${latestOf("i")}) AS ts
	FROM identifiers i WHERE i.id = ${ids} OR (i.root = ${ids} AND i.root <> i.id) GROUP BY i.root`;
const unlinks = `${selectReach} WHERE kind = 'unlink' AND (a = ${ids} OR b = ${ids})`;
const unmerges = `${selectReach} WHERE kind = 'unmerge' AND (a = ${ids} OR b = ${ids})`;
const aliases = `SELECT * FROM aliases
	WHERE "user" = ${ids} OR previous_user = ${ids} OR previous_anonymous = ${ids}`;

const counts = `l.kind <> ${linkKind.joint} AND l.lead <> ALL (m."except")`;
// Of evidence at the very millisecond the index knows no order by message and source; the few rows of it are sorted.
const moments = (table: string) => `SELECT m.place,
	(SELECT s.owner FROM spans s WHERE s.identifier = m.id
		AND (s.from_ts, s.from_message, s.from_source) <= (m.ts, m.message, m.source)
		ORDER BY s.from_ts DESC, s.from_message DESC, s.from_source DESC LIMIT 1) AS owner,
	EXISTS (SELECT FROM ${table} l WHERE l.identifier = m.id AND l.ts < m.ts AND ${counts})
		OR EXISTS (SELECT FROM ${table} l JOIN events e ON e.seq = l.seq
			WHERE l.identifier = m.id AND l.ts = m.ts AND (e.message_id, e.source) < (m.message, m.source) AND ${counts}) AS earlier,
	n.ts, n.message_id, n.source, n.lead
	FROM json_to_recordset(CAST(? AS json)) AS m(place integer, id bigint, ts bigint, message text, source text, "except" bigint[])
	LEFT JOIN LATERAL (SELECT l.ts, e.message_id, e.source, l.lead
		FROM ${table} l JOIN events e ON e.seq = l.seq
		WHERE l.identifier = m.id AND l.ts >= m.ts AND (l.ts, e.message_id, e.source) >= (m.ts, m.message, m.source) AND ${counts}
		ORDER BY l.ts, e.message_id, e.source LIMIT 1) n ON true`;

interface MomentColumns {
	place: number;
	owner: number | null;
	earlier: boolean;
	/** Null: no evidence is later. */
	ts: number | null;
	message_id: string;
	source: string;
	lead: number;
}

/**
 * Loads what a decision asks for, one statement for each kind of fact however many are asked for, with the locks that
 * keep them true.
 */
export function createLockedFactLoader(locked: LockedRows, counts: { evidenceRead: number }): LoadFacts {
	const distribute = <T>(kindIds: readonly number[], rows: readonly T[], namedBy: (row: T) => readonly number[]) => {
		const byId = new Map<number, T[]>(kindIds.map((id) => [id, []]));
		for (const row of rows) for (const id of new Set(namedBy(row))) byId.get(id)?.push(row);
		return byId;
	};

	const loaders: Record<
		Exclude<Need["kind"], "moment" | "together">,
		(facts: Facts, of: readonly number[]) => Work<void>
	> = {
		// biome-ignore lint/correctness/useYield: all that is asked for is known by now.
		*identifier(facts, of) {
			for (const id of of) facts.identifiers.set(id, identifierFact(locked.row(id)));
		},
		// biome-ignore lint/correctness/useYield: all that is asked for is known by now.
		*region(facts, of) {
			for (const id of of) facts.regions.set(id, regionFact(locked.row(id)));
		},
		*members(facts, of) {
			const rows = locked.learn(yield* all<IdentifierColumns>(members, { ids: bigints(of) }));
			for (const row of rows) facts.identifiers.set(row.id, identifierFact(row));
			for (const [root, found] of distribute(of, rows, (row) => [row.root])) {
				facts.members.set(root, [root, ...found.map(({ id }) => id)]);
			}
		},
		*adjacent(facts, of) {
			const rows = yield* all<AdjacentColumns & { identifier: number }>(adjacent, { ids: bigints(of) });
			for (const [id, found] of distribute(of, rows, ({ identifier }) => [identifier])) putAdjacent(facts, id, found);
		},
		*seenOf(facts, of) {
			const rows = yield* all<{ user: number; identifier: number }>(seenOf, { ids: bigints(of) });
			for (const [user, found] of distribute(of, rows, (row) => [row.user])) {
				facts.seenOf.set(
					user,
					found.map(({ identifier }) => identifier),
				);
			}
		},
		*joints(facts, of) {
			const rows = yield* all<{ lead: number; identifier: number }>(joints, { ids: bigints(of) });
			for (const [lead, found] of distribute(of, rows, (row) => [row.lead])) {
				facts.joints.set(
					lead,
					found.map(({ identifier }) => identifier),
				);
			}
		},
		*spans(facts, of) {
			const rows = yield* all<SpanColumns>(spans, { ids: bigints(of) });
			for (const [id, found] of distribute(of, rows, ({ identifier }) => [identifier])) {
				facts.spans.set(id, found.map(toSpan));
			}
		},
		*evidence(facts, of) {
			const rows = (yield* all<EvidenceColumns>(evidence, { ids: bigints(of) })).map(toEvidence);
			counts.evidenceRead += rows.length;
			const found = distribute<EvidenceRow>(of, rows, ({ identifier }) => [identifier]);
			for (const [id, rowsOfIt] of found) facts.evidence.set(id, rowsOfIt);
		},
		*limitedRegions(facts, of) {
			const rows = yield* all<{ user: number; id: number }>(limitedRegions, { ids: bigints(of) });
			// Whoever asks for these regions asks for what they are next.
			const roots = [...new Set(rows.map(({ id }) => id))].filter((id) => !facts.regions.has(id));
			yield* locked.add(roots);
			for (const id of roots) {
				facts.regions.set(id, regionFact(locked.row(id)));
				facts.identifiers.set(id, identifierFact(locked.row(id)));
			}
			for (const [user, found] of distribute(of, rows, (row) => [row.user])) {
				facts.limitedRegions.set(
					user,
					found.map(({ id }) => id),
				);
			}
		},
		*latestEvidence(facts, of) {
			const rows = yield* all<{ root: number; ts: number | null }>(latestEvidence, { ids: bigints(of) });
			for (const [root, found] of distribute(of, rows, (row) => [row.root])) {
				facts.latestEvidence.set(root, found[0]?.ts ?? null);
			}
		},
		*unlinks(facts, of) {
			const rows = yield* all<Unlink>(unlinks, { ids: bigints(of) });
			for (const [id, found] of distribute(of, rows, ({ a, b }) => [a, b])) facts.unlinks.set(id, found);
		},
		*unmerges(facts, of) {
			const rows = yield* all<Reach & { a: number; b: number }>(unmerges, { ids: bigints(of) });
			for (const [id, found] of distribute(of, rows, ({ a, b }) => [a, b])) facts.unmerges.set(id, farthest(found));
		},
		*aliases(facts, of) {
			const rows = yield* all<AliasColumns>(aliases, { ids: bigints(of) });
			const found = distribute(of, rows, (row) => [row.user, row.previous_user, row.previous_anonymous]);
			for (const [id, rowsOfIt] of found) facts.aliases.set(id, rowsOfIt.map(toAlias));
		},
	};

	type MomentNeed = Extract<Need, { kind: "moment" }>;
	type TogetherNeed = Extract<Need, { kind: "together" }>;

	function* loadTogether(facts: Facts, needs: readonly TogetherNeed[]): Work<void> {
		const asked = needs.map(({ id, user }) => ({ id, with_user: user }));
		for (const { id, user } of needs) facts.together.set(pairKey(id, user), false);
		for (const row of yield* all<{ identifier: number; user: number }>(together, JSON.stringify(asked))) {
			facts.together.set(pairKey(row.identifier, row.user), true);
		}
	}

	function* loadMoments(facts: Facts, needs: readonly MomentNeed[], isCounted: boolean): Work<void> {
		const asked = needs.map(({ id, position: { timestamp: ts, messageId: message, source }, except }, place) => {
			return { place, id, ts, message, source, except };
		});
		for (const row of yield* all<MomentColumns>(moments(evidenceTable(isCounted)), JSON.stringify(asked))) {
			const { id, position } = needs[row.place] as MomentNeed;
			if (row.ts !== null) counts.evidenceRead += 1;
			facts.moments.set(momentKey(id, position), {
				owner: row.owner,
				hasEarlier: row.earlier,
				next:
					row.ts === null
						? null
						: { position: { timestamp: row.ts, messageId: row.message_id, source: row.source }, lead: row.lead },
			});
		}
	}

	return function* load(facts, needs) {
		yield* locked.add(needs.map(({ id }) => id));
		for (const [kind, asked = []] of Map.groupBy(needs, (need) => need.kind)) {
			if (kind === "moment") {
				const byTable = Map.groupBy(asked as MomentNeed[], ({ id }) => identifierFact(locked.row(id)).counted);
				for (const [isCounted, of] of byTable) yield* loadMoments(facts, of, isCounted);
			} else if (kind === "together") yield* loadTogether(facts, asked as TogetherNeed[]);
			else
				yield* loaders[kind](
					facts,
					asked.map(({ id }) => id),
				);
		}
	};
}
