import type { Named } from "@selfsame/identity";
import type { AcceptedEvent, IngestResult } from "@selfsame/protocol";
import { identifierKey } from "../sql/hashes.ts";
import type { KeyedHash } from "../sql/keyedHash.ts";
import { isCovered, type TombstoneColumns } from "../sql/tombstones.ts";
import { all, column, leave, type Work } from "../sql/work.ts";
import { byteas } from "./literals.ts";

/** An event with those whom it names. */
export interface Judged {
	event: AcceptedEvent;
	named: Named;
}

const known = `SELECT e.source, e.message_id AS "messageId" FROM events e
	JOIN json_to_recordset(CAST(? AS json)) AS r(source text, "messageId" text)
	ON e.source = r.source AND e.message_id = r."messageId"`;
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
	const keyOf = ({ source, messageId }: { source: string; messageId: string }) =>
		`${source.length} ${source}${messageId}`;
	const hashOf = ({ event }: Judged) => hash.message(event.source, event.messageId);

	/** Those whose messages are there. */
	function* findKnown(asked: readonly Judged[]): Work<(judged: Judged) => boolean> {
		if (asked.length === 0) return () => false;
		const messages = asked.map(({ event: { source, messageId } }) => ({ source, messageId }));
		const stored = yield* all<{ source: string; messageId: string }>(known, JSON.stringify(messages));
		const found = new Set(stored.map(keyOf));
		return ({ event }) => found.has(keyOf(event));
	}

	/** Those whose messages were acknowledged and are there no more. */
	function* findGone(asked: readonly Judged[]): Work<(judged: Judged) => boolean> {
		const found = new Set((yield* column<Buffer>(gone, byteas(asked.map(hashOf)))).map(hex));
		return (judged) => found.has(hex(hashOf(judged)));
	}

	/** What became of those who were deleted. */
	function* readGraves(asked: readonly Judged[]): Work<(judged: Judged) => "erased" | "suppressed" | null> {
		const leadOf = ({ named: { identifiers } }: Judged) =>
			identifiers[0] ? hash.identifier(identifierKey(identifiers[0])) : null;
		const hashes = byteas(asked.flatMap((judged) => leadOf(judged) ?? []));
		const buried = Map.groupBy(yield* all<TombstoneColumns & { hash: Buffer }>(graves, hashes), (row) => hex(row.hash));
		const since = new Map(
			(yield* all<{ hash: Buffer; at: number }>(suppressed, hashes)).map((row) => [hex(row.hash), row.at]),
		);
		return (judged) => {
			const hashed = leadOf(judged);
			if (!hashed) return null;
			const name = hex(hashed);
			if (buried.get(name)?.some((row) => isCovered(row, judged.event))) return "erased";
			return judged.event.timestamp >= (since.get(name) ?? Number.POSITIVE_INFINITY) ? "suppressed" : null;
		};
	}

	/**
	 * The verdict on each event, in order, and those that are to be stored.
	 *
	 * @param anyDeleted whether any name of the workspace was deleted.
	 * @param isWary whether to look for all messages first. If not, one that is there turns up when it is stored again.
	 */
	return function* judge(
		events: readonly Judged[],
		{ anyDeleted, isWary }: { anyDeleted: boolean; isWary: boolean },
	): Work<{ results: IngestResult["verdict"][]; accepted: Judged[] }> {
		if (events.length === 0) return { results: [], accepted: [] };
		const isGone = anyDeleted ? yield* findGone(events) : () => false;
		const refusal = anyDeleted ? yield* readGraves(events) : () => null;
		const isKnown = yield* findKnown(isWary ? events : events.filter(refusal));
		const seen = new Set<string>();
		const accepted: Judged[] = [];
		const dropped: Buffer[] = [];
		const results = events.map((judged): IngestResult["verdict"] => {
			const key = keyOf(judged.event);
			if (seen.has(key) || isKnown(judged) || isGone(judged)) return "duplicate";
			seen.add(key);
			const refused = refusal(judged);
			if (!refused) {
				accepted.push(judged);
				return "accepted";
			}
			dropped.push(hashOf(judged));
			return refused;
		});
		// They were acknowledged.
		if (dropped.length > 0) yield* leave(remember, byteas(dropped));
		return { results, accepted };
	};
}
