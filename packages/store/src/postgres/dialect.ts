import type { Dialect } from "../sql/dialect.ts";
import { lastSureNumber } from "./numbers.ts";

export const postgresDialect: Dialect = {
	// A join would be planned over whole partitions, and made before the rows to be shown are chosen.
	payloads: "",
	payload: (column) =>
		`(SELECT p.${column} FROM event_payloads p WHERE p.seq = e.seq AND p.received_at = e.received_at)`,
	createErased: "CREATE TEMP TABLE IF NOT EXISTS erased (seq bigint PRIMARY KEY) ON COMMIT DROP",
	counterKey: "name, slot",
	contains: (text) => `position(CAST(? AS text) IN ${text}) > 0`,
	lastLetter: "SELECT max(id) FROM dead_letters HAVING count(*) > 0",
	version: "SELECT CAST(pg_current_snapshot() AS text)",
	feedEnd: `SELECT ${lastSureNumber} AS seq, ${lastSureNumber} AS letter`,
};
