import type { Named } from "@selfsame/identity";
import type { AcceptedEvent, IngestResult } from "@selfsame/protocol";
import { identifierKey } from "../sql/hashes.ts";
import type { KeyedHash } from "../sql/keyedHash.ts";
import { isCovered, type TombstoneColumns } from "../sql/tombstones.ts";
import { all, column, run, type Work } from "../sql/work.ts";
import { byteas } from "./literals.ts";

/** An event with those whom it names. */
export interface Judged {
	event: AcceptedEvent;
	named: Named;
}

const known = `SELECT e.source, e.message_id FROM events e
	JOIN json_to_recordset(CAST(? AS json)) AS r(source text, message_id text) USING (source, message_id)`;
const gone = "SELECT hash FROM gone_messages WHERE hash = ANY(CAST(? AS bytea[]))";
// One that is there already came to somebody else at the same time: this is done again, and finds a duplicate.
const remember = "INSERT INTO gone_messages (hash) SELECT hash FROM unnest(CAST(? AS bytea[])) hash ORDER BY hash";
const graves = "SELECT * FROM tombstones WHERE hash = ANY(CAST(? AS bytea[]))";
const suppressed = "SELECT hash, at FROM suppressed WHERE hash = ANY(CAST(? AS bytea[]))";

const hex = (hash: Buffer) => hash.toString("hex");

/**
 * Tells which events of a batch are stored: not those that were acknowledged before, nor a deleted person's. A few
 * statements, however many events there are.
 */
export function createJudge(hash: KeyedHash) {
	const keyOf = ({ event }: Judged) => JSON.stringify([event.source, event.messageId]);

	function* knownMessages(asked: readonly Judged[], anyDeleted: boolean): Work<(judged: Judged) => boolean> {
		const messages = asked.map(({ event: { source, messageId } }) => ({ source, message_id: messageId }));
		const stored = yield* all<{ source: string; message_id: string }>(known, JSON.stringify(messages));
		const seen = new Set(stored.map(({ source, message_id }) => JSON.stringify([source, message_id])));
		if (!anyDeleted) return (judged) => seen.has(keyOf(judged));
		const hashOf = ({ event }: Judged) => hash.message(event.source, event.messageId);
		const forgotten = new Set((yield* column<Buffer>(gone, byteas(asked.map(hashOf)))).map(hex));
		return (judged) => seen.has(keyOf(judged)) || forgotten.has(hex(hashOf(judged)));
	}

	/** What became of those who were deleted. */
	function* readGraves(asked: readonly Judged[]): Work<(judged: Judged) => "erased" | "suppressed" | null> {
		const hashOf = ({ named: { identifiers } }: Judged) =>
			identifiers[0] ? hash.identifier(identifierKey(identifiers[0])) : null;
		const hashes = byteas(asked.flatMap((judged) => hashOf(judged) ?? []));
		const buried = Map.groupBy(yield* all<TombstoneColumns & { hash: Buffer }>(graves, hashes), (row) => hex(row.hash));
		const since = new Map(
			(yield* all<{ hash: Buffer; at: number }>(suppressed, hashes)).map((row) => [hex(row.hash), row.at]),
		);
		return (judged) => {
			const hashed = hashOf(judged);
			if (!hashed) return null;
			const name = hex(hashed);
			if (buried.get(name)?.some((row) => isCovered(row, judged.event))) return "erased";
			return judged.event.timestamp >= (since.get(name) ?? Number.POSITIVE_INFINITY) ? "suppressed" : null;
		};
	}

	/** The verdict on each event, in order, and those that are to be stored. */
	return function* judge(
		events: readonly Judged[],
		anyDeleted: boolean,
	): Work<{ results: IngestResult["verdict"][]; accepted: Judged[] }> {
		if (events.length === 0) return { results: [], accepted: [] };
		const isKnown = yield* knownMessages(events, anyDeleted);
		const refusal = anyDeleted ? yield* readGraves(events) : () => null;
		const seen = new Set<string>();
		const accepted: Judged[] = [];
		const dropped: Buffer[] = [];
		const results = events.map((judged): IngestResult["verdict"] => {
			const key = keyOf(judged);
			if (seen.has(key) || isKnown(judged)) return "duplicate";
			seen.add(key);
			const refused = refusal(judged);
			if (!refused) {
				accepted.push(judged);
				return "accepted";
			}
			dropped.push(hash.message(judged.event.source, judged.event.messageId));
			return refused;
		});
		// They were acknowledged.
		if (dropped.length > 0) yield* run(remember, byteas(dropped));
		return { results, accepted };
	};
}
