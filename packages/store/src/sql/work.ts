/**
 * Reading and correcting is told once, for both databases: as work that yields the statements it needs and goes on with
 * their answers. A driver runs the work on its connection: SQLite in one go, PostgreSQL with a wait at each statement.
 *
 * The statements are in what both understand. Values are written `?` by position, or `:name`.
 */

/** What may be bound to a statement: text, whole numbers below 2^53, bytes, or nothing. */
export type Value = string | number | Uint8Array | null;

/** By position, or all of them by name. */
export type Values = readonly Value[] | readonly [Readonly<Record<string, Value>>];

/** What a statement is asked for: its rows, the first column of its rows, or how many rows it wrote. */
export type Wanted = "rows" | "column" | "count";

export interface Statement {
	sql: string;
	values: Values;
	wanted: Wanted;
	/** The text is hardly asked again: preparing and remembering it is not worth it. */
	isPassing?: true;
	/** Nobody waits for it: it may be done no sooner than what comes next, whose answer tells should it fail. */
	isLeft?: true;
	/** What statements that copy (PostgreSQL's `COPY ... FROM STDIN`) copy, one text for each. */
	copied?: readonly string[];
}

/** Something that is done with the database, in one transaction that its caller has begun. */
export type Work<T> = Generator<Statement, T, unknown>;

/** All rows. */
export function* all<Row>(sql: string, ...values: Values): Work<Row[]> {
	return (yield { sql, values, wanted: "rows" }) as Row[];
}

/** The first row. */
export function* get<Row>(sql: string, ...values: Values): Work<Row | undefined> {
	return ((yield { sql, values, wanted: "rows" }) as Row[])[0];
}

/** The first column of all rows. */
export function* column<T>(sql: string, ...values: Values): Work<T[]> {
	return (yield { sql, values, wanted: "column" }) as T[];
}

/** The first column of the first row. */
export function* pluck<T>(sql: string, ...values: Values): Work<T | undefined> {
	return ((yield { sql, values, wanted: "column" }) as T[])[0];
}

/** Writes; answers with how many rows it wrote. */
export function* run(sql: string, ...values: Values): Work<number> {
	return (yield { sql, values, wanted: "count" }) as number;
}

/** Writes, at the latest with what comes next: PostgreSQL gets both in one go. */
export function* leave(sql: string, ...values: Values): Work<void> {
	yield { sql, values, wanted: "count", isLeft: true };
}

/** A statement that writes, where nobody asks how many rows: yielded as it is, it costs less than `run`. */
export const writing = (sql: string, ...values: Values): Statement => ({ sql, values, wanted: "count" });
