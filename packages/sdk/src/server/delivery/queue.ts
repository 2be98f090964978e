import type { Ports } from "../ports.ts";
import { Batch, DELIVERED, dropped, type Outcome, type Range } from "./batch.ts";
import { Fifo } from "./fifo.ts";
import { createLanes, type LaneOptions, type LanesFor } from "./lanes.ts";
import { cut, remaining } from "./ranges.ts";
import { createReadyBatches } from "./readyBatches.ts";

export interface QueueOptions extends LaneOptions {
	/** Events a batch holds at most. */
	flushAt: number;
	maxQueueSize: number;
	maxQueueBytes: number;
	overflow: "drop-oldest" | "drop-newest" | "wait";
}

/** Where an event is: the batch tells its outcome. */
export interface Place {
	batch: Batch;
	index: number;
}

/** With a spool, sealed batches beyond this many bytes wait on disk alone. */
const HELD_IN_MEMORY = 16 * 1024 * 1024;

/**
 * The queue: open batches that fill, sealed ones that wait, and the account of both. Every operation of a call costs the
 * same at any depth.
 *
 * Order per person: an event belongs to one of 32 classes by a hash of its user, and a batch is not sent while an
 * earlier one that shares a class with it has not ended.
 */
export function createQueue(
	options: QueueOptions,
	ports: Pick<Ports, "bytes" | "pool" | "spool" | "elapsed">,
	/** Told before the bytes of an event are gone. */
	onEnd: (batch: Batch, index: number, outcome: Outcome) => void,
) {
	const { bytes, spool, elapsed } = ports;
	const { take, give } = ports.pool ?? { take: bytes.allocate, give() {} };
	let nextSeq = 0;
	let size = 0;
	let weight = 0;
	let held = 0;
	const ready = createReadyBatches();
	const lanes = createLanes(options, ports, { create, onSealed, waiting: () => ready.count, allocate: take });
	/** Every batch that has not ended, by birth: its head says what has ended in full. */
	const order = new Fifo<Batch>();

	for (const { segment, bytes: length } of spool?.recover() ?? []) {
		const batch = create();
		batch.segment = segment;
		batch.weight = length;
		// Its people are unknown until it is read, so nothing may overtake it.
		batch.people = -1;
		weight += length;
		ready.push(batch);
	}

	function create(): Batch {
		const batch = new Batch(nextSeq++, elapsed());
		order.push(batch);
		return batch;
	}

	function isFull(more = 0): boolean {
		return size + (more ? 1 : 0) > options.maxQueueSize || weight + more > options.maxQueueBytes;
	}

	/** Adds an event whose JSON is `text`; `person` is a hash of its user. Undefined: it was the one to be dropped. */
	function append(text: string, person: number, lanesFor: LanesFor): Place | undefined {
		if (options.overflow !== "wait") {
			while (isFull(text.length + 1)) {
				if (options.overflow === "drop-newest" || !dropOldest()) return undefined;
			}
		}
		const { batch, index, start } = lanes.append(text, person, lanesFor);
		const length = batch.length - start;
		batch.weight += length;
		weight += length;
		held += length;
		size++;
		spool?.write(batch, start);
		const isFullBatch = batch.count >= options.flushAt;
		// A queue that cannot grow to a full batch leaves with what it has.
		if (isFullBatch || (size >= options.maxQueueSize && ready.count === 0)) lanes.leave(person, batch, lanesFor);
		return { batch, index };
	}

	function onSealed(batch: Batch): void {
		if (batch.segment !== undefined) spool?.seal(batch.segment);
		ready.push(batch);
		if (batch.segment !== undefined && !batch.unspooled && held > HELD_IN_MEMORY) release(batch);
	}

	/** Drops one event, the oldest that is not in flight. False: all are. */
	function dropOldest(): boolean {
		if (!ready.oldestIdle()) lanes.sealAll();
		const batch = ready.oldestIdle();
		if (!batch) return false;
		const range = batch.ranges[0];
		// A segment of an earlier process that nobody has read yet goes as a whole.
		if (!range) end(batch, dropped("overflow"));
		else endOne(batch, range.from, dropped("overflow"));
		return true;
	}

	/** Ends one event apart from its batch; only the first or any single one of a batch's ranges' events. */
	function endOne(batch: Batch, index: number, outcome: Outcome): void {
		onEnd(batch, index, outcome);
		batch.except(index, outcome);
		const length = (batch.ends[index] as number) - batch.startOf(index);
		batch.weight -= length;
		weight -= length;
		if (batch.data) held -= length;
		size--;
		cut(batch.ranges, index);
		if (remaining(batch.ranges) === 0) end(batch, DELIVERED);
	}

	/** Ends what is still open between two indexes. */
	function endRange(batch: Batch, { from, to }: Range, outcome: Outcome): void {
		if (batch.ranges.every((range) => range.from >= from && range.to <= to)) {
			end(batch, outcome);
			return;
		}
		for (let index = from; index < to; index++) if (!batch.outcome(index)) endOne(batch, index, outcome);
	}

	/** Ends every event of the batch that is still open. */
	function end(batch: Batch, outcome: Outcome): void {
		if (batch.state === "ended") return;
		// A segment nobody has read yet is told as one.
		if (batch.ranges.length === 0 && outcome.status === "dropped") onEnd(batch, -1, outcome);
		for (const { from, to } of batch.ranges) {
			for (let index = from; index < to; index++) onEnd(batch, index, outcome);
		}
		size -= remaining(batch.ranges);
		weight -= batch.weight;
		batch.end(outcome);
		release(batch);
		ready.ended(batch);
		if (batch.segment !== undefined && outcome.status !== "queued") spool?.remove(batch.segment);
		while (order.peek()?.state === "ended") order.shift();
		if (order.length === 0) lanes.narrow();
	}

	/** Gives the bytes back. */
	function release(batch: Batch): void {
		if (!batch.data) return;
		held -= batch.weight;
		give(batch.data, batch.length);
		batch.data = undefined;
	}

	/** Keeps the account of what came back from the spool. */
	function restored(batch: Batch, events: number): void {
		if (events > 0) {
			size += events;
			weight += batch.length - batch.weight;
			batch.weight = batch.length;
		}
		held += batch.weight;
	}

	return {
		append,
		sealAll: lanes.sealAll,
		pick: ready.pick,
		restored,
		end,
		endOne,
		endRange,
		isFull,
		get size() {
			return size;
		},
		/** Batches born later than this many have a greater `seq`. */
		get born() {
			return nextSeq;
		},
		/** Every batch with a smaller `seq` has ended. */
		get endedBefore() {
			return order.peek()?.seq ?? nextSeq;
		},
		all(): Batch[] {
			return [...ready.all(), ...lanes.open()];
		},
	};
}

export type Queue = ReturnType<typeof createQueue>;
