import type { Operation, Operator, Value } from "../filter.ts";

/** In the order in which they are listed for people. */
export const operators = [
	"eq",
	"ne",
	"in",
	"exists",
	"gt",
	"gte",
	"lt",
	"lte",
	"contains",
	"starts",
] as const satisfies readonly Operator[];

/** The one operation of a checked condition, and what it compares with. */
export function operationOf(condition: Operation): [Operator, Value] {
	const operator = operators.find((name) => name in condition) as Operator;
	return [operator, (condition as Record<Operator, Value>)[operator]];
}
