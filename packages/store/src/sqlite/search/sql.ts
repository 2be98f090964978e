import type { Comparison } from "@selfsame/protocol";

/** Values on their way into a statement: each gets a name, and only the name stands in the text. */
export interface Parameters {
	/** The name to write in the text, such as `:p3`. */
	bind(value: string | number): string;
	/** All of them, to run the statement with. */
	readonly values: Readonly<Record<string, string | number>>;
}

export function createParameters(): Parameters {
	const values: Record<string, string | number> = {};
	const names = new Map<string | number, string>();
	return {
		values,
		bind(value) {
			const known = names.get(value);
			if (known) return known;
			const name = `p${names.size}`;
			values[name] = value;
			names.set(value, `:${name}`);
			return `:${name}`;
		},
	};
}

/** The name of an SQL function that throws once a search has taken its time. */
export const inTime = "selfsame_in_time";
/** JSON text to the text that all equal values share. */
export const canonical = "selfsame_canonical";
/** A text to the instant that it names as an ISO 8601 date, or null. */
export const isoDate = "selfsame_iso_date";

/**
 * A condition that is always true, and looks at the clock every 4096th row: SQLite cannot be interrupted otherwise, and
 * asking at every row would take longer than the rows.
 */
export const tick = (row: string) => `((${row} & 4095) <> 0 OR ${inTime}())`;

/** True or false, where SQL may also say null: of a missing value nothing is known there, and here all tests of it fail. */
export const total = (sql: string) => `((${sql}) IS TRUE)`;

/** How SQLite compares numbers. */
const signs = { eq: "=", ne: "<>", gt: ">", gte: ">=", lt: "<", lte: "<=" } as const;

export function compareSql(actual: string, comparison: Comparison, { bind }: Parameters): string {
	const [[operator, number] = []] = Object.entries(comparison) as [keyof typeof signs, number][];
	return `${actual} ${signs[operator as keyof typeof signs]} ${bind(number as number)}`;
}
