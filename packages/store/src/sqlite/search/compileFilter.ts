import type { AggregateCondition, DidCondition, Filter, Sequence, TraitCondition } from "@selfsame/protocol";
import { splitPath } from "@selfsame/protocol/filter";
import { compileAggregate, compileDid, type EventSetting, type LabelSet } from "./compileEvents.ts";
import { compileSequence } from "./compileSequence.ts";
import { compileTest, type Place, placeInside } from "./compileTest.ts";
import { createParameters, tick, total } from "./sql.ts";

/** So few tests of a row take less time than looking at the clock now and then would be worth. */
const mostUnwatched = 8;

export interface CompileSetting {
	/** ms since 1970: what windows are counted back from. */
	now: number;
	hasStretches: boolean;
	/** The prefix of the columns that hold a trait in `temp.people`, by its key. */
	traitColumn(key: string): string;
	/** The column that holds the instant that a trait names as an ISO 8601 date. */
	instantColumn(key: string): string;
	/** The table that holds what a query of labels selects. */
	tableOf(query: LabelQuery): string;
}

type Values = Readonly<Record<string, string | number>>;

/** A query of labels with the values that are bound in it; `size` as in `LabelSet`. */
export interface LabelQuery extends Pick<LabelSet, "sql" | "size"> {
	values: Values;
}

export interface CompiledFilter {
	/** The condition on a row `p` of `temp.people`. */
	where: string;
	values: Values;
}

/**
 * A filter as SQL. What it holds is bound, never written into the text. Conditions on traits are answered from the row of
 * the profile; each condition on events is a set of profiles of its own, found by one pass over the events.
 */
export function compileFilter(filter: Filter, setting: CompileSetting): CompiledFilter {
	const parameters = createParameters();
	let tests = 0;

	/** Only inside of a `not` is null another thing than false. */
	const compile = (condition: Filter, decide: (sql: string) => string): string => {
		const each = (conditions: readonly Filter[]) => conditions.map((inner) => compile(inner, decide));
		if ("all" in condition) return `(${each(condition.all).join(" AND ") || "1"})`;
		if ("any" in condition) return `(${each(condition.any).join(" OR ") || "0"})`;
		if ("not" in condition) return `(NOT ${compile(condition.not, total)})`;
		if ("trait" in condition) return `(${compileTest(traitPlace(condition), condition, parameters, decide)})`;
		return compileSet(condition);
	};

	const traitPlace = ({ trait }: TraitCondition): Place => {
		tests += 1;
		const [key, ...inner] = splitPath(trait);
		const column = `p.${setting.traitColumn(key as string)}`;
		// What is no object holds no JSON but the plain value.
		if (inner.length > 0) return placeInside(`CASE ${column}_type WHEN 'object' THEN ${column} END`, inner, parameters);
		return {
			type: `${column}_type`,
			value: column,
			members: `json_each(${column})`,
			instant: () => `p.${setting.instantColumn(key as string)}`,
		};
	};

	const compileSet = (condition: DidCondition | AggregateCondition | Sequence): string => {
		const own: EventSetting = { now: setting.now, hasStretches: setting.hasStretches, parameters: createParameters() };
		const { complement, ...query } = labelSet(condition, own);
		const table = setting.tableOf({ ...query, values: own.parameters.values });
		return `(p.label ${complement ? "NOT IN" : "IN"} ${table})`;
	};

	const where = compile(filter, (sql) => sql);
	return { where: tests > mostUnwatched ? `${tick("p.label")} AND ${where}` : where, values: parameters.values };
}

function labelSet(condition: DidCondition | AggregateCondition | Sequence, setting: EventSetting): LabelSet {
	if ("sequence" in condition) return compileSequence(condition, setting);
	return "agg" in condition ? compileAggregate(condition, setting) : compileDid(condition, setting);
}
