import type { Dataset, Snapshot } from "@selfsame/store";
import { type Mask, noMask } from "../privacy/createMask.ts";
import { createEncoder, type Format } from "./createEncoder.ts";
import { maskRow } from "./maskRow.ts";

export interface EncodeOptions {
	dataset: Dataset;
	format: Format;
	/** What is to be hidden; nothing when left out. */
	mask?: Mask;
	/** Called with how many rows are done. */
	progress?: (rows: number) => void;
}

/** The bytes of a dataset's file, page by page: nothing is read before it is asked for. */
export async function* encodeDataset(
	snapshot: Snapshot,
	{ dataset, format, mask = noMask, progress = () => {} }: EncodeOptions,
): AsyncGenerator<Uint8Array> {
	const encoder = createEncoder(format, dataset);
	let rows = 0;
	for await (const page of snapshot.pages(dataset)) {
		const bytes = encoder.write(mask === noMask ? page : page.map((row) => maskRow(mask, dataset, row)));
		rows += page.length;
		progress(rows);
		if (bytes.length > 0) yield bytes;
	}
	const bytes = encoder.end();
	if (bytes.length > 0) yield bytes;
}
