import { createHash } from "node:crypto";
import { parseBody, parseSingle } from "@selfsame/protocol/schema";
import type { StoredDeadLetter } from "@selfsame/store";
import type { Deps } from "../deps.ts";
import { ingestBatch } from "./ingestBatch.ts";
import { proveIdentities } from "./proveIdentities.ts";

/** What became of the replayed letters; `remaining` ones were refused again and stay. */
export interface ReplayAnswer {
	accepted: number;
	duplicates: number;
	dropped: number;
	remaining: { id: number; code: string; detail: string }[];
}

interface ReplayQuery {
	/** Left out: all. */
	ids?: ReadonlySet<number>;
	code?: string;
}

/** Letters looked at in one call; ask again for what is left. */
const MAX_LETTERS = 10_000;
const PAGE = 500;

/**
 * Gives rejected events another chance, as received when they were: after the rules, the configuration or the collector
 * were mended. What is accepted leaves the dead letter store; what is still refused stays as it is.
 */
export async function replayRejected(deps: Deps, { ids, code }: ReplayQuery): Promise<ReplayAnswer> {
	const answer: ReplayAnswer = { accepted: 0, duplicates: 0, dropped: 0, remaining: [] };
	for (const letter of await collectLetters(deps, { ...(ids ? { ids } : {}), ...(code ? { code } : {}) })) {
		const outcome = await replay(deps, letter);
		if ("detail" in outcome) answer.remaining.push({ id: letter.id, ...outcome });
		else {
			await deps.store.removeRejected([letter.id]);
			answer.accepted += outcome.accepted;
			answer.duplicates += outcome.duplicates;
			answer.dropped += outcome.dropped;
		}
	}
	return answer;
}

/** All that match are listed before the first is taken out, so that no page shifts under the reader. */
async function collectLetters({ store }: Deps, { ids, code }: ReplayQuery): Promise<StoredDeadLetter[]> {
	const letters: StoredDeadLetter[] = [];
	let cursor: string | null = null;
	do {
		const query = { limit: PAGE, ...(code ? { code } : {}), ...(cursor ? { cursor } : {}) };
		const { data, page } = await store.listRejected(query);
		letters.push(...data.filter(({ id }) => !ids || ids.has(id)));
		cursor = page.next;
	} while (cursor !== null && letters.length < (ids?.size ?? MAX_LETTERS));
	return letters.slice(0, MAX_LETTERS);
}

async function replay(deps: Deps, letter: StoredDeadLetter) {
	const source = await deps.sources.get(letter.source);
	if (!source)
		return { code: "invalid_key", detail: "Its source is gone, or `selfsame doctor` says what is wrong with it." };
	const body = parseBody(Buffer.from(letter.body), (bytes) => Buffer.from(bytes).toString("utf8"));
	// A text that was cut at the limit is no JSON any more; it is kept for people to read.
	if ("code" in body) return { code: letter.code, detail: letter.detail };
	const parsed = parseSingle(body, {
		source: source.id,
		trust: source.trust,
		receivedAt: letter.receivedAt,
		futureSkew: deps.config.futureSkewSeconds * 1_000,
		newId: () => idOf(letter),
	});
	// Tokens are not kept, so where proof is demanded a replayed `userId` stays a claim.
	await proveIdentities(parsed, source, deps.verifier);
	const [again] = parsed.rejected;
	if (again) return { code: again.code, detail: again.detail };
	return ingestBatch(parsed, { source: source.id, receivedAt: letter.receivedAt, queue: deps.queue });
}

/**
 * The id of a letter whose event has none: the same for every replay, also after a crash, and nothing that a visitor could
 * take for an event of theirs beforehand, since it is made of the letter's whole text and the instant of its receipt.
 */
function idOf({ id, source, receivedAt, body }: StoredDeadLetter): string {
	const digest = createHash("sha256")
		.update(JSON.stringify([id, source, receivedAt, body]))
		.digest("hex");
	return `rejected-${digest.slice(0, 32)}`;
}
