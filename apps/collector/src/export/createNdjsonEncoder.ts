import type { Dataset } from "@selfsame/store";
import type { Encoder } from "./encoder.ts";

/** One JSON object a line, as the profile API writes it. */
export function createNdjsonEncoder<D extends Dataset>(): Encoder<D> {
	return {
		write: (rows) => Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join("")),
		end: () => new Uint8Array(),
	};
}
