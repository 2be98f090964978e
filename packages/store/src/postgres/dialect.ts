import type { Dialect } from "../sql/dialect.ts";
import { lastSureNumber } from "./numbers.ts";

export const postgresDialect: Dialect = {
	payloadOfEvent: "p.seq = e.seq AND p.received_at = e.received_at",
	createErased: "CREATE TEMP TABLE IF NOT EXISTS erased (seq bigint PRIMARY KEY) ON COMMIT DROP",
	counterKey: "name, slot",
	contains: (text) => `position(CAST(? AS text) IN ${text}) > 0`,
	lastLetter: "SELECT max(id) FROM dead_letters HAVING count(*) > 0",
	version: "SELECT CAST(pg_current_snapshot() AS text)",
	feedEnd: `SELECT ${lastSureNumber} AS seq, ${lastSureNumber} AS letter`,
};
