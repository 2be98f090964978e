import type { Comparison, Operation, Value } from "@selfsame/protocol";
import { operationOf, parseDate } from "@selfsame/protocol/filter";
import { compareSql, type Parameters, total } from "./parameters.ts";
import type { Place } from "./searchDialect.ts";

/**
 * A test of a value. What each means: `Operation` in the protocol.
 *
 * @param decide what makes false of null. Where null does as well as false, it may be left out: SQLite is faster then.
 */
export function compileTest(
	place: Place,
	condition: Operation,
	parameters: Parameters,
	decide: (sql: string) => string = total,
): string {
	const [operator, operand] = operationOf(condition);
	switch (operator) {
		case "eq":
			return decide(place.isSame(operand));
		case "ne":
			return `NOT ${total(place.isSame(operand))}`;
		case "in":
			return decide(place.isAmong(operand as Value[]));
		case "exists":
			return operand ? decide(place.exists) : `NOT ${total(place.exists)}`;
		case "contains":
			return decide(place.contains(operand));
		case "starts":
			return decide(place.starts(operand as string));
		default:
			return decide(ordered(place, { [operator]: operand } as Comparison, operand, parameters));
	}
}

function ordered(place: Place, comparison: Comparison, operand: Value, parameters: Parameters): string {
	if (typeof operand === "number") return place.compares(comparison);
	const bound = parseDate(operand);
	if (bound === null) return "FALSE";
	const [operator] = Object.keys(comparison);
	return compareSql(place.instant(), { [operator as string]: bound } as Comparison, parameters);
}
