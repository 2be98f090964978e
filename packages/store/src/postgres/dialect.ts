import type { Dialect } from "../sql/dialect.ts";

/** The number that the events of the oldest transaction under way begin with: all that are smaller are there. */
const firstUnsure = "(CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint) << 14)";

export const postgresDialect: Dialect = {
	payloadOfEvent: "p.seq = e.seq AND p.received_at = e.received_at",
	createErased: "CREATE TEMP TABLE IF NOT EXISTS erased (seq bigint PRIMARY KEY) ON COMMIT DROP",
	counterKey: "name, slot",
	contains: (text) => `position(CAST(? AS text) IN ${text}) > 0`,
	lastLetter: "SELECT last_value FROM dead_letters_id_seq WHERE is_called",
	version: "SELECT CAST(pg_current_snapshot() AS text)",
	feedEnd: `SELECT coalesce((SELECT max(seq) FROM events WHERE seq < ${firstUnsure}), 0) AS seq,
		coalesce((SELECT max(id) FROM dead_letters), 0) AS letter`,
};
