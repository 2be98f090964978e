import { leave, type Value, type Work } from "../sql/work.ts";

/** Types by column. */
export type Columns = Readonly<Record<string, "bigint" | "integer" | "text">>;

export type Rows<C extends Columns> = readonly Readonly<Record<keyof C, Value>>[];

/**
 * Makes an insertion of any number of rows by one statement, which is the same whatever their number: they are bound as
 * one JSON text.
 *
 * @param otherwise what becomes of rows that are there already, as `ON CONFLICT DO NOTHING`.
 */
export function createInsertion<C extends Columns>(table: string, columns: C, otherwise = "") {
	const names = Object.keys(columns).map((name) => `"${name}"`);
	const typed = Object.entries(columns).map(([name, type]) => `"${name}" ${type}`);
	const insert = `INSERT INTO ${table} (${names.join(", ")})
		SELECT ${names.join(", ")} FROM json_to_recordset(CAST(? AS json)) AS r(${typed.join(", ")}) ${otherwise}`;
	return function* insertRows(rows: Rows<C>): Work<void> {
		if (rows.length > 0) yield* leave(insert, JSON.stringify(rows));
	};
}
