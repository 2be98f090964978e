import { type Connection, Query } from "pg";
import type { Value, Work } from "../sql/work.ts";

/** Rows of one table as `COPY` takes them. */
export interface Copied {
	sql: string;
	/** A line a row; https://www.postgresql.org/docs/current/sql-copy.html, "Text Format". */
	lines: string;
}

const escapes: Readonly<Record<string, string>> = {
	"\\": "\\\\",
	"\t": "\\t",
	"\n": "\\n",
	"\r": "\\r",
	"\0": "\ufffd",
};

/** PostgreSQL knows no text with a NUL: see `toPostgres`. */
function toCell(value: Exclude<Value, Uint8Array>): string {
	if (value === null) return "\\N";
	if (typeof value === "number") return `${value}`;
	return /[\\\t\n\r\0]/.test(value)
		? value.replace(/[\\\t\n\r\0]/g, (character) => escapes[character] as string)
		: value;
}

/** Makes rows of a table ready to be copied: of all ways to write many rows, the one that costs the server least by far. */
export function createCopy<const C extends readonly string[]>(table: string, columns: C) {
	const sql = `COPY ${table} (${columns.map((name) => `"${name}"`).join(", ")}) FROM STDIN`;
	return (rows: readonly Readonly<Record<C[number], Exclude<Value, Uint8Array>>>[]): Copied => {
		const toLine = (row: (typeof rows)[number]) =>
			`${columns.map((name: C[number]) => toCell(row[name])).join("\t")}\n`;
		return { sql, lines: rows.map(toLine).join("") };
	};
}

/** Writes rows of several tables in one round trip. */
export function* copyRows(...tables: readonly Copied[]): Work<void> {
	const some = tables.filter(({ lines }) => lines !== "");
	if (some.length === 0) return;
	const copied = some.map(({ lines }) => lines);
	yield { sql: some.map(({ sql }) => sql).join("; "), values: [], wanted: "count", copied, isLeft: true };
}

/** What `pg` can do besides what its types tell. */
type CopyConnection = Connection & { sendCopyFromChunk(chunk: Buffer): void; endCopyFrom(): void };

/**
 * Statements that copy, with what they copy, for `client.query`. All is sent at once, without waiting to be asked for it:
 * the server reads it in this order, and what follows a statement that failed it leaves unread.
 */
export function createCopyQuery(text: string, copied: readonly string[]): Query {
	return Object.assign(new Query(text), {
		submit(connection: CopyConnection) {
			connection.query(text);
			for (const lines of copied) {
				connection.sendCopyFromChunk(Buffer.from(lines));
				connection.endCopyFrom();
			}
		},
		// It is on its way.
		handleCopyInResponse() {},
	});
}
