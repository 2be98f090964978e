import type { Json } from "@selfsame/protocol";
import type { Dataset } from "@selfsame/store";
import { stringify } from "csv-stringify/sync";
import { columns, valuesOf } from "./columns.ts";
import type { Encoder } from "./encoder.ts";

/**
 * CSV as of RFC 4180 in UTF-8, with a header and LF. Text stands in quotes, so that an empty one differs from none;
 * numbers do not. Objects and lists are JSON text.
 *
 * Who sends events chooses the text in them, and spreadsheets run a cell that begins like a formula. As OWASP advises,
 * text that begins with `=`, `+`, `-`, `@`, a tab, a carriage return or a line feed gets a leading `'`; Parquet and NDJSON
 * hold it as it is. https://owasp.org/www-community/attacks/CSV_Injection
 */
export function createCsvEncoder<D extends Dataset>(dataset: D): Encoder<D> {
	const header = columns[dataset].map(({ name, kind }) => ({ name, isJson: kind === "json" }));
	let isBegun = false;

	const lines = (records: (string | number | boolean | null)[][]) =>
		stringify(records, {
			quoted_string: true,
			escape_formulas: true,
			record_delimiter: "\n",
			cast: { boolean: (value) => String(value) },
		});
	const begin = () => {
		if (isBegun) return "";
		isBegun = true;
		return `${header.map(({ name }) => name).join(",")}\n`;
	};
	const cell = (value: Json, isJson: boolean) =>
		value === null || typeof value === "number" || typeof value === "boolean"
			? value
			: isJson
				? JSON.stringify(value)
				: // The one that the library leaves out.
					(value as string).replace(/^\n/, "'\n");

	return {
		write(rows) {
			const records = rows.map((row) =>
				valuesOf(dataset, row).map((value, index) => cell(value, header[index]?.isJson === true)),
			);
			return Buffer.from(begin() + lines(records));
		},
		end: () => Buffer.from(begin()),
	};
}
