import type { Dataset } from "@selfsame/store";
import { createCsvEncoder } from "./createCsvEncoder.ts";
import { createNdjsonEncoder } from "./createNdjsonEncoder.ts";
import { createParquetEncoder } from "./createParquetEncoder.ts";
import type { Encoder } from "./encoder.ts";

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
