import type { AggregateCondition, DidCondition, Filter, Sequence, TraitCondition } from "@selfsame/protocol";
import { splitPath } from "@selfsame/protocol/filter";
import { compileAggregate, compileDid, type EventSetting, type LabelSet } from "./compileEvents.ts";
import { compileSequence } from "./compileSequence.ts";
import { compileTest } from "./compileTest.ts";
import { createParameters, total } from "./parameters.ts";
import type { KeptSource, Place, SearchDialect } from "./searchDialect.ts";

/** So few tests of a row take less time than looking at the clock now and then would be worth. */
const mostUnwatched = 8;

export interface CompileSetting {
	/** ms since 1970: what windows are counted back from. */
	now: number;
	hasStretches: boolean;
	dialect: SearchDialect;
	/** Which of the traits at hand one is, by its key. */
	traitOf(key: string): number;
	/** Has the instant at hand that a trait names as an ISO 8601 date. */
	addInstant(trait: number): void;
	/** Where what a condition asks of events is kept; null: nowhere. */
	keptFor(condition: DidCondition | AggregateCondition): KeptSource | null;
	/** The table that holds what a query of labels selects. */
	tableOf(query: LabelQuery): string;
}

type Values = Readonly<Record<string, string | number>>;

/** A query of labels with the values that are bound in it; `size` as in `LabelSet`. */
export interface LabelQuery extends Pick<LabelSet, "sql" | "size"> {
	values: Values;
}

export interface CompiledFilter {
	/** The condition on a profile `p`. */
	where: string;
	values: Values;
	/** Whether it looks at the labels of profiles alone. */
	isOnLabels: boolean;
}

/**
 * A filter as SQL. What it holds is bound, never written into the text. Conditions on traits are answered from the row of
 * the profile; each condition on events is a set of profiles of its own, found by one pass over the events.
 */
export function compileFilter(filter: Filter, setting: CompileSetting): CompiledFilter {
	const { dialect } = setting;
	const parameters = createParameters(dialect.write);
	let tests = 0;

	/** Only inside of a `not` is null another thing than false. */
	const compile = (condition: Filter, decide: (sql: string) => string): string => {
		const each = (conditions: readonly Filter[]) => conditions.map((inner) => compile(inner, decide));
		if ("all" in condition) return `(${each(condition.all).join(" AND ") || "TRUE"})`;
		if ("any" in condition) return `(${each(condition.any).join(" OR ") || "FALSE"})`;
		if ("not" in condition) return `(NOT ${compile(condition.not, total)})`;
		if ("trait" in condition) return `(${compileTest(traitPlace(condition), condition, parameters, decide)})`;
		return compileSet(condition);
	};

	const traitPlace = ({ trait: path }: TraitCondition): Place => {
		tests += 1;
		const [key, ...inner] = splitPath(path);
		const trait = setting.traitOf(key as string);
		return dialect.traits.place(trait, inner, () => setting.addInstant(trait), parameters);
	};

	const compileSet = (condition: DidCondition | AggregateCondition | Sequence): string => {
		const own: EventSetting = {
			now: setting.now,
			hasStretches: setting.hasStretches,
			dialect,
			parameters: createParameters(dialect.write),
			kept: "sequence" in condition ? null : setting.keptFor(condition),
		};
		const { complement, ...query } = labelSet(condition, own);
		const table = setting.tableOf({ ...query, values: own.parameters.values });
		return `(${complement ? "NOT " : ""}${dialect.isIn("p.label", table)})`;
	};

	const where = compile(filter, (sql) => sql);
	return {
		where: tests > mostUnwatched ? `${dialect.tick("p.label")} AND ${where}` : where,
		values: parameters.values,
		isOnLabels: tests === 0,
	};
}

function labelSet(condition: DidCondition | AggregateCondition | Sequence, setting: EventSetting): LabelSet {
	if ("sequence" in condition) return compileSequence(condition, setting);
	return "agg" in condition ? compileAggregate(condition, setting) : compileDid(condition, setting);
}
