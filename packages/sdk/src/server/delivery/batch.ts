import type { ByteWriter } from "./byteWriter.ts";

/** Delivered unless a reason says otherwise; `queued` where the spool keeps it for the next process. */
export type Outcome = { status: "delivered" | "queued" } | { status: "dropped"; reason: string };

/** A run of events inside a batch, `[from, to)`. */
export interface Range {
	from: number;
	to: number;
}

export const DELIVERED: Outcome = { status: "delivered" };
export const dropped = (reason: string): Outcome => ({ status: "dropped", reason });
/** ASCII comma: events lie in memory as they will in the body, so a batch is sent without being put together again. */
const COMMA = 44;

/**
 * Events that leave together, as bytes: every event's JSON followed by one separator. It also is the tracker of their
 * outcomes, because one answer of the collector decides them all; only exceptions are kept one by one. That keeps the
 * cost of an event that waits at a few bytes beside its JSON.
 */
export class Batch {
	readonly seq: number;
	/** When it was opened, ms by `Ports.elapsed`. */
	readonly since: number;
	/** Which of 32 classes of people the events belong to. Two batches that share a class never overtake each other. */
	people = 0;
	/** Undefined once the spool alone holds the events, and after the end. */
	data: Uint8Array | undefined;
	length = 0;
	/** End of each event in `data`, its separator included. */
	ends: number[] = [];
	count = 0;
	/** What still has to be sent, in order. Halving and dropping work on these; the bytes stay where they are. */
	ranges: Range[] = [];
	state: "open" | "ready" | "sending" | "ended" = "open";
	failures = 0;
	segment: string | undefined;
	/** The spool could not take all of it: memory holds the only full copy. */
	unspooled = false;
	/** Bytes this batch takes in the queue's account. */
	weight = 0;
	#exceptions = new Map<number, Outcome>();
	#waiting = new Map<number, ((outcome: Outcome) => void)[]>();
	#rest: Outcome | undefined;

	constructor(seq: number, since: number) {
		this.seq = seq;
		this.since = since;
	}

	/** Appends an event and answers with its index. `size` is an upper bound of its bytes. */
	append(text: string, size: number, bytes: ByteWriter, allocate: (size: number) => Uint8Array): number {
		const needed = this.length + size + 1;
		if (!this.data || this.data.length < needed) this.#grow(needed, allocate);
		const data = this.data as Uint8Array;
		this.length += bytes.write(data, text, this.length);
		data[this.length++] = COMMA;
		this.ends.push(this.length);
		return this.count++;
	}

	/** The bytes from event `from` to before `to`, the last separator left out. */
	slice(from: number, to: number): Uint8Array {
		return (this.data as Uint8Array).subarray(this.startOf(from), (this.ends[to - 1] as number) - 1);
	}

	startOf(index: number): number {
		return index === 0 ? 0 : (this.ends[index - 1] as number);
	}

	/** How it ended for one event: undefined while that is open. */
	outcome(index: number): Outcome | undefined {
		return this.#exceptions.get(index) ?? this.#rest;
	}

	/** Resolves with the outcome of one event, once. */
	wait(index: number): Promise<Outcome> {
		return new Promise((resolve) => {
			const known = this.outcome(index);
			if (known) resolve(known);
			else this.#waiting.set(index, [...(this.#waiting.get(index) ?? []), resolve]);
		});
	}

	/** Ends one event apart from the others. */
	except(index: number, outcome: Outcome): void {
		this.#exceptions.set(index, outcome);
		this.#tell(index, outcome);
	}

	/** Ends every event that has not ended yet; the bytes may be reused from here on. */
	end(outcome: Outcome = DELIVERED): void {
		this.#rest = outcome;
		this.state = "ended";
		this.ranges = [];
		this.ends = [];
		for (const index of this.#waiting.keys()) this.#tell(index, this.outcome(index) as Outcome);
	}

	#tell(index: number, outcome: Outcome): void {
		for (const resolve of this.#waiting.get(index) ?? []) resolve(outcome);
		this.#waiting.delete(index);
	}

	#grow(needed: number, allocate: (size: number) => Uint8Array): void {
		const grown = allocate(Math.max(needed, this.data ? this.data.length * 2 : 0));
		if (this.data) grown.set(this.data.subarray(0, this.length));
		this.data = grown;
	}
}
