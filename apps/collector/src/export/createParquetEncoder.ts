import type { Json } from "@selfsame/protocol";
import type { Dataset, DatasetRows } from "@selfsame/store";
import { ByteWriter, ParquetWriter, type SchemaElement } from "hyparquet-writer";
import { columns, valuesOf } from "./columns.ts";
import type { Encoder } from "./encoder.ts";

/** A row group is held in memory until it is written, so it ends by rows or by bytes, whichever comes first. */
const GROUP_ROWS = 10_000;
const GROUP_BYTES = 4 * 1024 * 1024;

type Kind = (typeof columns)[Dataset][number]["kind"];

const types: Record<Kind, Partial<SchemaElement>> = {
	text: { type: "BYTE_ARRAY", converted_type: "UTF8", logical_type: { type: "STRING" } },
	json: { type: "BYTE_ARRAY", logical_type: { type: "JSON" } },
	time: {
		type: "INT64",
		converted_type: "TIMESTAMP_MILLIS",
		logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MILLIS" },
	},
	count: { type: "INT64" },
	flag: { type: "BOOLEAN" },
};

/** How a value is given to the writer, by the column's type. */
const converters = (toBytes: (text: string) => Uint8Array): Record<Kind, (value: Json) => unknown> => ({
	text: (value) => value,
	json: (value) => toBytes(JSON.stringify(value)),
	time: (value) => BigInt(Date.parse(value as string)),
	count: (value) => BigInt(value as number),
	flag: (value) => value,
});

/**
 * Texts as bytes of one buffer, which is used anew after each `clear`: a buffer for each text would take more memory
 * than most texts, until somebody collects them.
 */
function createTextBuffer(size: number) {
	const utf8 = new TextEncoder();
	const buffer = new Uint8Array(size);
	let used = 0;
	return {
		toBytes(text: string): Uint8Array {
			const { read, written } = utf8.encodeInto(text, buffer.subarray(used));
			if (read < text.length) return utf8.encode(text);
			used += written;
			return buffer.subarray(used - written, used);
		},
		clear: () => {
			used = 0;
		},
	};
}

/** Parquet with typed columns, compressed with Snappy, one row group after the other. */
export function createParquetEncoder<D extends Dataset>(dataset: D): Encoder<D> {
	const own = columns[dataset];
	const fields = own.map(
		({ name, kind }): SchemaElement => ({ name, repetition_type: "OPTIONAL", ...types[kind] }) as SchemaElement,
	);
	const texts = createTextBuffer(GROUP_BYTES);
	const convert = converters(texts.toBytes);
	const writer = new ByteWriter(GROUP_BYTES);
	const parquet = new ParquetWriter({
		writer,
		schema: [{ name: "root", num_children: fields.length }, ...fields],
		createdBy: "selfsame",
	});
	let group: unknown[][] = own.map(() => []);
	let size = 0;

	const add = (row: DatasetRows[D]) => {
		for (const [index, value] of valuesOf(dataset, row).entries()) {
			const stored = value === null ? undefined : convert[own[index]?.kind as Kind](value);
			group[index]?.push(stored);
			size += stored instanceof Uint8Array || typeof stored === "string" ? stored.length : 8;
		}
	};
	const writeGroup = () => {
		const columnData = own.map(({ name, kind }, index) => ({
			name,
			data: group[index] as never,
			// Smallest and greatest of JSON texts help nobody, and would stand in the footer in full.
			...(kind === "json" ? { statistics: false } : {}),
		}));
		parquet.write({ columnData, rowGroupSize: Number.MAX_SAFE_INTEGER });
		group = own.map(() => []);
		size = 0;
		texts.clear();
	};
	const take = () => {
		const bytes = writer.getBytes().slice();
		writer.index = 0;
		return bytes;
	};

	return {
		write(rows) {
			for (const row of rows) {
				add(row);
				if (size >= GROUP_BYTES || (group[0]?.length ?? 0) >= GROUP_ROWS) writeGroup();
			}
			return take();
		},
		end() {
			if ((group[0]?.length ?? 0) > 0) writeGroup();
			// Earlier, the writer would put the ready text into JSON once more; and some readers go by this old name alone.
			for (const [index, { kind }] of own.entries())
				if (kind === "json") (fields[index] as SchemaElement).converted_type = "JSON";
			parquet.finish();
			return take();
		},
	};
}
