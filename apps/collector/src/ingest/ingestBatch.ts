import type { IngestAnswer, Rejection } from "@selfsame/protocol";
import type { ParsedBatch } from "@selfsame/protocol/schema";
import type { DeadLetter } from "@selfsame/store";
import type { CommitQueue } from "./createCommitQueue.ts";

/** Stores a parsed batch and answers for each of its events. Resolves once all that it reports is on disk. */
export async function ingestBatch(
	batch: ParsedBatch,
	{ source, receivedAt, queue }: { source: string; receivedAt: number; queue: CommitQueue },
): Promise<IngestAnswer> {
	const letters = batch.letters.map(
		({ messageId, code, detail, text }): DeadLetter => ({ source, receivedAt, messageId, code, detail, body: text }),
	);
	const rejected: Rejection[] = [...batch.rejected];
	const answer: IngestAnswer = {
		success: true,
		accepted: 0,
		duplicates: 0,
		dropped: 0,
		rejected,
		warnings: batch.warnings,
	};
	if (batch.events.length === 0 && letters.length === 0) return answer;
	const results = await queue.submit(batch.events, letters);
	for (const [at, { verdict }] of results.entries()) {
		if (verdict === "accepted") answer.accepted++;
		else if (verdict === "duplicate") answer.duplicates++;
		else if (verdict !== "not_storable") answer.dropped++;
		else rejected.push(describeFault(batch, at));
	}
	return answer;
}

function describeFault(batch: ParsedBatch, at: number): Rejection {
	const detail =
		"Storage refused this event, though it is valid. Keep it, and report this to the collector's operator.";
	const messageId = batch.events[at]?.messageId ?? null;
	return { index: batch.indexes[at] ?? at, messageId, code: "not_storable", detail };
}
