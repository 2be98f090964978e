import { all, run, type Value, type Work } from "./work.ts";

/** A table whose rows another database of the workspace takes as they are. */
export interface CopiedTable {
	name: string;
	/** What its rows are in the order of, and told apart by. */
	key: readonly string[];
	rest: readonly string[];
	/** Where its rows are read; default the table. */
	from?: string;
}

export type CopiedRow = Readonly<Record<string, Value>>;

const position = (name: string) => [`${name}_ts`, `${name}_message`, `${name}_source`];

/** The keys that events name. */
export const writeKeysTable: CopiedTable = { name: "write_keys", key: ["id"], rest: ["key", "source"] };

/** Evidence or settings of their own, which nothing else says. */
export const copiedTables: readonly CopiedTable[] = [
	{ name: "group_writes", key: ["group_id", "key", "ts", "message_id", "source"], rest: ["value"] },
	{ name: "tombstones", key: ["hash", ...position("from"), ...position("to"), "at"], rest: [] },
	{ name: "suppressed", key: ["hash"], rest: ["at"] },
	{ name: "gone_messages", key: ["hash"], rest: [] },
	{
		name: "deletions",
		key: ["receipt"],
		rest: ["at", "suppress", "erased_events", "identifiers", "actor", "reason"],
	},
	{ name: "dead_letters", key: ["id"], rest: ["source", "received_at", "message_id", "code", "detail", "body"] },
	{
		name: "counters",
		key: ["name"],
		rest: ["value"],
		from: "(SELECT name, CAST(sum(value) AS bigint) AS value FROM counters GROUP BY name) c",
	},
	{ name: "sources", key: ["id"], rest: ["name", "trust", "options"] },
	writeKeysTable,
	{ name: "idempotent_requests", key: ["hash"], rest: ["request", "at", "status", "body"] },
	{ name: "secret_keys", key: ["id"], rest: ["name", "hash", "scopes", "created_at", "last_used_at"] },
];

/** How many rows are read at a time. */
const stride = 1_000;
/** How many are written by one statement. */
const heap = 100;

const columnsOf = ({ key, rest }: CopiedTable) => [...key, ...rest];
const places = (count: number) => `(${Array(count).fill("?").join(", ")})`;

/** The rows after one; null: the first. */
export function readRows(table: CopiedTable, after: CopiedRow | null): Work<CopiedRow[]> {
	const { name, key, from = name } = table;
	const list = key.join(", ");
	const select = `SELECT ${columnsOf(table).join(", ")} FROM ${from}`;
	const end = `ORDER BY ${list} LIMIT ${stride}`;
	if (!after) return all(`${select} ${end}`);
	return all(`${select} WHERE (${list}) > ${places(key.length)} ${end}`, ...valuesOf(key, after));
}

/** Writes rows into a table that has none of them. */
export function* putRows(table: CopiedTable, rows: readonly CopiedRow[]): Work<void> {
	const columns = columnsOf(table);
	const insert = `INSERT INTO ${table.name} (${columns.join(", ")}) VALUES`;
	for (let at = 0; at < rows.length; at += heap) {
		const some = rows.slice(at, at + heap);
		const values = some.flatMap((row) => valuesOf(columns, row));
		yield* run(`${insert} ${some.map(() => places(columns.length)).join(", ")}`, ...values);
	}
}

const valuesOf = (columns: readonly string[], row: CopiedRow): Value[] => columns.map((column) => row[column] as Value);
