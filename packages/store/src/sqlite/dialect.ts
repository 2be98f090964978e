import type { Dialect } from "../sql/dialect.ts";

const lastLetter = "SELECT seq FROM sqlite_sequence WHERE name = 'dead_letters'";

export const sqliteDialect: Dialect = {
	payloads: "LEFT JOIN event_payloads p ON p.seq = e.seq",
	payload: (column) => `p.${column}`,
	createErased: "CREATE TEMP TABLE IF NOT EXISTS erased (seq INTEGER PRIMARY KEY)",
	counterKey: "name",
	contains: (text) => `instr(${text}, ?) > 0`,
	lastLetter,
	version: "PRAGMA data_version",
	// A number whose event was deleted is not given again: somebody may have read up to it.
	feedEnd: `SELECT max(coalesce((SELECT max(seq) FROM events), 0),
		coalesce((SELECT value FROM counters WHERE name = 'last_seq'), 0)) AS seq, coalesce((${lastLetter}), 0) AS letter`,
};
