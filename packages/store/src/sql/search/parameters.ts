import type { Comparison } from "@selfsame/protocol";

/** Values on their way into a statement: each gets a name, and only the name stands in the text. */
export interface Parameters {
	/** What to write in the text, such as `:p3`. */
	bind(value: string | number): string;
	/** All of them, to run the statement with. */
	readonly values: Readonly<Record<string, string | number>>;
}

/** @param write how a value stands in a text, given its name. */
export function createParameters(write: (name: string, value: string | number) => string): Parameters {
	const values: Record<string, string | number> = {};
	const written = new Map<string | number, string>();
	return {
		values,
		bind(value) {
			const known = written.get(value);
			if (known) return known;
			const name = `p${written.size}`;
			values[name] = value;
			const text = write(name, value);
			written.set(value, text);
			return text;
		},
	};
}

/** True or false, where SQL may also say null: of a missing value nothing is known there, and here all tests of it fail. */
export const total = (sql: string) => `((${sql}) IS TRUE)`;

/** How SQL compares numbers. */
const signs = { eq: "=", ne: "<>", gt: ">", gte: ">=", lt: "<", lte: "<=" } as const;

export function compareSql(actual: string, comparison: Comparison, { bind }: Pick<Parameters, "bind">): string {
	const [[operator, number] = []] = Object.entries(comparison) as [keyof typeof signs, number][];
	return `${actual} ${signs[operator as keyof typeof signs]} ${bind(number as number)}`;
}
