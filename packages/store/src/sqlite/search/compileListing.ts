import type { ProfileQuery } from "../../port.ts";
import { theEnd } from "../facts.ts";
import type { CompiledFilter, CompileSetting } from "./compileFilter.ts";
import { tick } from "./sql.ts";

/** Whoever holds an identifier of a type now. */
const holders = `SELECT o.label FROM temp.owned o JOIN identifiers i ON i.id = o.id
	WHERE ${tick("o.id")} AND i.type = :type AND i.value IS NOT NULL
	UNION SELECT s.label FROM temp.stretches s JOIN identifiers i ON i.id = s.identifier
	WHERE s.to_ts = ${theEnd} AND i.type = :type AND i.value IS NOT NULL`;

/** Whoever has an event at an instant or later, and of those who had a contested device some more. */
const seenLately = `SELECT o.label FROM temp.owned o
	WHERE ${tick("o.id")} AND EXISTS (SELECT 1 FROM events WHERE lead = o.id AND ts >= :since)
	UNION SELECT s.label FROM temp.stretches s WHERE s.to_ts >= :since
	AND EXISTS (SELECT 1 FROM events WHERE lead = s.identifier AND ts >= :since AND ts >= s.from_ts AND ts <= s.to_ts)`;

/** The condition on `people p` that a listing's filters make: all whom they mean, and at the edges perhaps some more. */
export function compileListing(
	{ identifierType, seenAfter }: ProfileQuery,
	tables: Pick<CompileSetting, "tableOf">,
): CompiledFilter {
	const sets: string[] = [];
	if (identifierType !== undefined) sets.push(tables.tableOf({ sql: holders, values: { type: identifierType } }));
	if (seenAfter !== undefined) sets.push(tables.tableOf({ sql: seenLately, values: { since: seenAfter } }));
	const conditions = sets.map((table) => `p.label IN (SELECT label FROM ${table})`);
	return { where: conditions.join(" AND ") || "1", values: {} };
}
