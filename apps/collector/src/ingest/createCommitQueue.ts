import type { AcceptedEvent, IngestResult } from "@selfsame/protocol";
import { type DeadLetter, StorageUnavailableError, type Store } from "@selfsame/store";

/** What became of one event; `not_storable` is a fault of ours that must not take its neighbours along. */
type CommitResult = IngestResult | { verdict: "not_storable" };

export interface CommitQueue {
	/** Resolves once all of it is committed and synced. Rejects with `StorageUnavailableError` when none of it is. */
	submit(events: AcceptedEvent[], letters: DeadLetter[]): Promise<CommitResult[]>;
	/** Resolves when everything submitted so far has an answer. */
	drain(): Promise<void>;
}

interface Submission {
	events: AcceptedEvent[];
	letters: DeadLetter[];
	resolve(results: CommitResult[]): void;
	reject(error: unknown): void;
}

/** Enough to make one sync worth many events, and few enough that nobody waits long behind them. */
const MAX_EVENTS_PER_COMMIT = 5_000;

/** Fewer wait for the commit under way, where the store takes several at once: each costs about as much as these do. */
const WORTH_ANOTHER = 400;

/**
 * Group commit: what arrives while as many commits are running as the store likes at once shares the next one, so that
 * under load one sync to disk serves many requests, and without load nobody waits for company.
 *
 * @param observe is told of each commit: how many events, and how long it took in ms.
 */
export function createCommitQueue(
	store: Pick<Store, "ingest" | "ingestsAtOnce">,
	{ now, observe }: { now(): number; observe(commit: { events: number; duration: number }): void },
): CommitQueue {
	const waiting: Submission[] = [];
	let running = 0;
	let whenIdle: (() => void)[] = [];

	async function run(): Promise<void> {
		running += 1;
		while (isWorthACommit(running - 1)) {
			await commit(takeGroup());
			// Whoever has arrived by now, and is not read yet, comes along.
			await new Promise((resolve) => setImmediate(resolve));
		}
		running -= 1;
		if (running > 0) return;
		for (const tell of whenIdle) tell();
		whenIdle = [];
	}

	/** Whether what is waiting is, beside so many commits. */
	function isWorthACommit(others: number): boolean {
		if (others === 0) return waiting.length > 0;
		return others < store.ingestsAtOnce && eventsIn(waiting) >= WORTH_ANOTHER;
	}

	function takeGroup(): Submission[] {
		let events = 0;
		const end = waiting.findIndex((submission) => {
			events += submission.events.length;
			return events > MAX_EVENTS_PER_COMMIT;
		});
		// The first goes in any case, however large it is.
		return waiting.splice(0, end < 0 ? waiting.length : Math.max(end, 1));
	}

	async function commit(group: Submission[]): Promise<void> {
		const events = group.length === 1 ? (group[0] as Submission).events : group.flatMap((one) => one.events);
		const letters = group.length === 1 ? (group[0] as Submission).letters : group.flatMap((one) => one.letters);
		const start = now();
		try {
			const results = await store.ingest(events, letters);
			observe({ events: events.length, duration: now() - start });
			let at = 0;
			for (const one of group) {
				one.resolve(results.slice(at, at + one.events.length));
				at += one.events.length;
			}
		} catch (error) {
			if (error instanceof StorageUnavailableError) for (const one of group) one.reject(error);
			else if (group.length > 1) for (const one of group) await commit([one]);
			else await commitOneByOne(group[0] as Submission, error);
		}
	}

	/** An error that is not the storage's is about one event: the others are stored, and it is reported. */
	async function commitOneByOne(one: Submission, cause: unknown): Promise<void> {
		try {
			if (one.events.length === 0) throw cause;
			const results: CommitResult[] = [];
			for (const event of one.events) results.push(await commitAlone(event));
			await store.ingest([], one.letters);
			one.resolve(results);
		} catch (error) {
			one.reject(error);
		}
	}

	async function commitAlone(event: AcceptedEvent): Promise<CommitResult> {
		try {
			return (await store.ingest([event]))[0] as IngestResult;
		} catch (error) {
			if (error instanceof StorageUnavailableError) throw error;
			return { verdict: "not_storable" };
		}
	}

	return {
		submit(events, letters) {
			return new Promise((resolve, reject) => {
				waiting.push({ events, letters, resolve, reject });
				if (isWorthACommit(running)) void run();
			});
		},
		async drain() {
			while (running > 0) await new Promise<void>((resolve) => whenIdle.push(resolve));
		},
	};
}

const eventsIn = (submissions: readonly Submission[]) =>
	submissions.reduce((sum, { events }) => sum + events.length, 0);
