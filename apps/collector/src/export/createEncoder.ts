import type { Dataset, DatasetRows } from "@selfsame/store";
import { createCsvEncoder } from "./createCsvEncoder.ts";
import { createNdjsonEncoder } from "./createNdjsonEncoder.ts";
import { createParquetEncoder } from "./createParquetEncoder.ts";

/** Turns rows into the bytes of a file, piece by piece. What it holds back is bounded, however many rows there are. */
export interface Encoder<D extends Dataset> {
	/** The bytes that these rows complete; there may be none yet. */
	write(rows: readonly DatasetRows[D][]): Uint8Array;
	/** The last bytes. A file without them is not whole. */
	end(): Uint8Array;
}

/** The formats there are, with the media type of each. */
export const formats = {
	ndjson: "application/x-ndjson",
	csv: "text/csv; charset=utf-8",
	parquet: "application/vnd.apache.parquet",
} as const;

export type Format = keyof typeof formats;

export function createEncoder<D extends Dataset>(format: Format, dataset: D): Encoder<D> {
	if (format === "csv") return createCsvEncoder(dataset);
	if (format === "parquet") return createParquetEncoder(dataset);
	return createNdjsonEncoder();
}
