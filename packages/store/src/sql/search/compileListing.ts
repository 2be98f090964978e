import type { ProfileQuery } from "../../port.ts";
import { theEnd } from "../evidence.ts";
import type { CompiledFilter, CompileSetting } from "./compileFilter.ts";
import type { SearchDialect } from "./searchDialect.ts";

/** Whoever holds an identifier of a type now. */
const holders = ({ tick }: SearchDialect) => `SELECT o.label FROM owned o JOIN identifiers i ON i.id = o.id
	WHERE ${tick("o.id")} AND i.type = :type AND i.value IS NOT NULL
	UNION SELECT s.label FROM stretches s JOIN identifiers i ON i.id = s.identifier
	WHERE s.to_ts = ${theEnd} AND i.type = :type AND i.value IS NOT NULL`;

/** Whoever has an event at an instant or later, and of those who had a contested device some more. */
const seenLately = ({ tick }: SearchDialect) => `SELECT o.label FROM owned o
	WHERE ${tick("o.id")} AND EXISTS (SELECT 1 FROM events WHERE lead = o.id AND ts >= :since)
	UNION SELECT s.label FROM stretches s WHERE s.to_ts >= :since
	AND EXISTS (SELECT 1 FROM events WHERE lead = s.identifier AND ts >= :since AND ts >= s.from_ts AND ts <= s.to_ts)`;

/** The condition on `people p` that a listing's filters make: all whom they mean, and at the edges perhaps some more. */
export function compileListing(
	{ identifierType, seenAfter }: ProfileQuery,
	{ dialect, tableOf }: Pick<CompileSetting, "dialect" | "tableOf">,
): CompiledFilter {
	const sets: string[] = [];
	if (identifierType !== undefined) sets.push(tableOf({ sql: holders(dialect), values: { type: identifierType } }));
	if (seenAfter !== undefined) sets.push(tableOf({ sql: seenLately(dialect), values: { since: seenAfter } }));
	const conditions = sets.map((table) => dialect.isIn("p.label", table));
	return { where: conditions.join(" AND ") || "TRUE", values: {}, isOnLabels: true };
}
