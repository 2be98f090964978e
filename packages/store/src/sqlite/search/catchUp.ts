import type { CatchUp } from "../../sql/search/searchDialect.ts";
import { tick } from "./tick.ts";

/**
 * Who is beside an identifier `t.id`: in a region or an alias group with it, owner or owned, or in evidence with it, whether
 * that counts or not. By the identity rule an event changes nobody but whom these steps lead to from the identifiers it
 * names: profiles are a function of the events, and no event is about both somebody reached and somebody who is not.
 */
const steps = [
	"SELECT root FROM t CROSS JOIN identifiers i ON i.id = t.id",
	"SELECT i.id FROM t CROSS JOIN identifiers i ON i.root = t.id AND i.root <> i.id",
	"SELECT owner FROM t CROSS JOIN identifiers i ON i.id = t.id WHERE owner IS NOT NULL",
	"SELECT i.id FROM t CROSS JOIN identifiers i ON i.owner = t.id",
	"SELECT owner FROM t CROSS JOIN spans s ON s.identifier = t.id",
	"SELECT identifier FROM t CROSS JOIN spans s ON s.owner = t.id",
	'SELECT "user" FROM t CROSS JOIN adjacent_users a ON a.identifier = t.id',
	'SELECT identifier FROM t CROSS JOIN adjacent_users a ON a."user" = t.id',
	`SELECT lead FROM t CROSS JOIN event_identifiers l ON l.identifier = t.id AND ${tick("l.seq")}`,
	`SELECT identifier FROM t CROSS JOIN event_identifiers l ON l.lead = t.id AND l.kind = 2 AND ${tick("l.seq")}`,
	...["user", "previous_user", "previous_anonymous"].flatMap((from, _, all) =>
		all.filter((to) => to !== from).map((to) => `SELECT a."${to}" FROM t CROSS JOIN aliases a ON a."${from}" = t.id`),
	),
	"SELECT label FROM t CROSS JOIN owned o ON o.id = t.id",
	"SELECT identifier FROM t CROSS JOIN stretches s ON s.label = t.id",
];

/**
 * The identifiers that events since then name: those that a user leads are reached from the user. Without NOT INDEXED,
 * SQLite goes through an index of all, to have them in order.
 */
const named = [
	`SELECT lead FROM events NOT INDEXED WHERE seq > :seq AND lead IS NOT NULL AND ${tick("seq")}`,
	`SELECT anonymous FROM events NOT INDEXED WHERE seq > :seq AND anonymous IS NOT NULL AND ${tick("seq")}`,
	'SELECT "user" FROM aliases NOT INDEXED WHERE seq > :seq',
	"SELECT id FROM identifiers WHERE id > (SELECT coalesce(max(id), 0) FROM owned)",
];

export const catchUp: CatchUp = {
	since(version) {
		const [seq, change] = version.split(".").map(Number);
		return { seq: seq as number, change: change as number };
	},
	// What a correction, a deletion or a purge changes no new event names.
	isMore: `SELECT 1 FROM changes WHERE id > :change AND kind NOT IN ('claim', 'union', 'contest', 'split', 'share')
		UNION ALL SELECT 1 WHERE coalesce((SELECT max(seq) FROM events), 0) < :seq`,
	touched: `WITH RECURSIVE t (id) AS (${[...named, ...steps].join(" UNION ")}) SELECT id FROM t`,
};
