import type { Dataset, DatasetRows } from "@selfsame/store";

/** Turns rows into the bytes of a file, piece by piece. What it holds back is bounded, however many rows there are. */
export interface Encoder<D extends Dataset> {
	/** The bytes that these rows complete; there may be none yet. */
	write(rows: readonly DatasetRows[D][]): Uint8Array;
	/** The last bytes. A file without them is not whole. */
	end(): Uint8Array;
}
