import type { Ports } from "../ports.ts";
import type { Batch } from "./batch.ts";

/** How many lanes (a power of two) suit `rate` batches a ms; `piling`: there is a backlog as well. */
export type LanesFor = (rate: number, piling: boolean) => number;

export interface LaneOptions {
	/** Bytes a batch holds at most; a larger event travels alone. */
	maxBatchBytes: number;
}

/** What the lanes ask of the queue. */
export interface LaneOwner {
	/** A new batch, in its place behind all earlier ones. */
	create(): Batch;
	/** No more events will come into it. */
	onSealed(batch: Batch): void;
	/** How many sealed batches wait. */
	waiting(): number;
	/** Bytes for a batch that grows. */
	allocate(size: number): Uint8Array;
}

/**
 * The open batches, one a lane. While there is a backlog several fill side by side, each with classes of people of its own,
 * and so may be in flight together without overtaking.
 */
export function createLanes(
	{ maxBatchBytes }: LaneOptions,
	{ bytes, elapsed }: Pick<Ports, "bytes" | "elapsed">,
	owner: LaneOwner,
) {
	let open: (Batch | undefined)[] = [undefined];

	const laneOf = (person: number) => person & (open.length - 1);

	function seal(lane: number): void {
		const batch = open[lane];
		if (!batch) return;
		open[lane] = undefined;
		owner.onSealed(batch);
	}

	function sealAll(): void {
		for (let lane = 0; lane < open.length; lane++) seal(lane);
	}

	/** More lanes where batches fill, or pile up, faster than one after another can leave. */
	function widen(filled: Batch, lanesFor: LanesFor): void {
		const rate = open.length / Math.max(1, elapsed() - filled.since);
		const wanted = lanesFor(rate, owner.waiting() > open.length);
		if (wanted <= open.length) return;
		sealAll();
		open = new Array(wanted).fill(undefined);
	}

	/** Seals the batch of a person's lane. */
	function leave(person: number, batch: Batch, lanesFor: LanesFor): void {
		seal(laneOf(person));
		widen(batch, lanesFor);
	}

	return {
		/** Appends an event to the batch of its person; answers with its index there and the byte it starts at. */
		append(text: string, person: number, lanesFor: LanesFor): { batch: Batch; index: number; start: number } {
			let batch = open[laneOf(person)];
			const room = maxBatchBytes - (batch?.length ?? 0);
			const largest = text.length * 3 + 1;
			const needed = largest <= room ? largest : bytes.byteLength(text) + 1;
			if (batch && needed > room) {
				leave(person, batch, lanesFor);
				batch = open[laneOf(person)];
			}
			if (!batch) open[laneOf(person)] = batch = owner.create();
			const start = batch.length;
			const index = batch.append(text, needed, bytes, owner.allocate);
			batch.people |= 1 << (person & 31);
			const range = batch.ranges[0];
			if (range) range.to = batch.count;
			else batch.ranges.push({ from: index, to: batch.count });
			return { batch, index, start };
		},
		leave,
		sealAll,
		/** One lane again; only while no batch is open. */
		narrow(): void {
			if (open.length > 1) open = [undefined];
		},
		open: (): Batch[] => open.filter((batch) => batch !== undefined),
	};
}
