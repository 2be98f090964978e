import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "../support/random.ts";
import type { RunningCollector } from "../support/startCollector.ts";

/** One HTTP client that sends batches of one person's events and remembers what it was answered. */
export interface Writer {
	userId: string;
	/** Ids of every event that ever left. */
	sent: ReadonlySet<string>;
	/** Ids of the events of batches that were answered 200. */
	acknowledged: ReadonlySet<string>;
	/** How many batches ended without an answer. */
	cutOff(): number;
	/** How many batches were answered 503 or 429. */
	refused(): number;
	/** Sends batch after batch until it is stopped or the server is gone. */
	run(): Promise<void>;
	stop(): void;
	/**
	 * Sends what was never answered again, with the same ids, as a client does; and the last batch that was, as a client
	 * does whose network lost the answer.
	 */
	resend(): Promise<void>;
}

/** ms; sooner than the server asks for, so that many requests meet the fault. */
const RETRY_AFTER = 50;

type Batch = { messageId: string }[];

export function createWriter(collector: RunningCollector, random: Random, userId: string): Writer {
	const anonymousId = `${userId}-device`;
	const sent = new Set<string>();
	const acknowledged = new Set<string>();
	const unanswered = new Set<Batch>();
	let lastAcknowledged: Batch | undefined;
	let stopped = false;
	let cutOff = 0;
	let refused = 0;

	function makeBatch(): Batch {
		return Array.from({ length: random.between(1, 40) }, () => {
			const messageId = `${userId}-${sent.size}`;
			sent.add(messageId);
			const event = {
				type: "track",
				event: "Load",
				messageId,
				anonymousId,
				properties: { padding: "x".repeat(random.between(0, 600)) },
			};
			// The first event makes the person; later ones come from before and after the sign-in, mixed.
			return sent.size === 1 || random.next() < 0.5 ? { ...event, userId } : event;
		});
	}

	/** What became of a batch that was acknowledged as a whole; null when it was refused for now. */
	async function send(batch: Batch): Promise<{ accepted: number; duplicates: number } | null> {
		const response = await fetch(`${collector.url}/v1/batch`, {
			method: "POST",
			headers: { authorization: `Basic ${btoa(`${collector.writeKey}:`)}`, "content-type": "application/json" },
			body: JSON.stringify({ batch }),
		});
		const text = await response.text();
		if (response.status === 429 || response.status === 503) return null;
		if (response.status !== 200) throw new Error(`A batch was answered ${response.status}: ${text}`);
		const answer = JSON.parse(text) as { accepted: number; duplicates: number };
		if (answer.accepted + answer.duplicates !== batch.length) throw new Error(`Not all of a batch was taken: ${text}`);
		for (const { messageId } of batch) acknowledged.add(messageId);
		unanswered.delete(batch);
		lastAcknowledged = batch;
		return answer;
	}

	return {
		userId,
		sent,
		acknowledged,
		cutOff: () => cutOff,
		refused: () => refused,
		async run() {
			stopped = false;
			while (!stopped) {
				const batch = makeBatch();
				unanswered.add(batch);
				try {
					if (await send(batch)) continue;
					refused += 1;
					await sleep(RETRY_AFTER);
				} catch (error) {
					// `fetch` rejects with a TypeError when the connection breaks; anything else is a wrong answer.
					if (!(error instanceof TypeError)) throw error;
					cutOff += 1;
					return;
				}
			}
		},
		stop() {
			stopped = true;
		},
		async resend() {
			const answered = lastAcknowledged;
			for (const batch of [...unanswered]) {
				if (!(await send(batch))) throw new Error("A quiet server refused a batch.");
			}
			const answer = answered && (await send(answered));
			if (answer && answer.accepted > 0) throw new Error(`${answer.accepted} acknowledged events were taken for new.`);
		},
	};
}
