import type { Json } from "../event.ts";
import type { Comparison, Operation, Value } from "../filter.ts";
import { canonicalJson } from "./canonicalJson.ts";
import { operationOf } from "./operations.ts";
import { parseDate } from "./parseDate.ts";

/** Whether a value (undefined: there is none) passes. Every test of a missing or mistyped value is false, but `ne`. */
export function testValue(value: Json | undefined, condition: Operation): boolean {
	const [operator, operand] = operationOf(condition);
	switch (operator) {
		case "eq":
			return isSame(value, operand);
		case "ne":
			return !isSame(value, operand);
		case "in":
			return (operand as Value[]).some((one) => isSame(value, one));
		case "exists":
			return (value !== undefined) === operand;
		case "contains":
			if (Array.isArray(value)) return value.some((member) => isSame(member, operand));
			return typeof value === "string" && typeof operand === "string" && value.includes(operand);
		case "starts":
			return typeof value === "string" && value.startsWith(operand as string);
		default:
			return isOrdered(value, { [operator]: operand } as Comparison, operand);
	}
}

/** Whether a number compares with another as asked. */
export function compareNumber(actual: number, comparison: Comparison): boolean {
	if ("eq" in comparison) return actual === comparison.eq;
	if ("ne" in comparison) return actual !== comparison.ne;
	if ("gt" in comparison) return actual > comparison.gt;
	if ("gte" in comparison) return actual >= comparison.gte;
	if ("lt" in comparison) return actual < comparison.lt;
	return actual <= comparison.lte;
}

function isSame(value: Json | undefined, operand: Value): boolean {
	if (typeof value !== "object" || typeof operand !== "object") return value === operand;
	return value !== null && canonicalJson(value) === canonicalJson(operand);
}

function isOrdered(value: Json | undefined, comparison: Comparison, operand: Value): boolean {
	if (typeof operand === "number") return typeof value === "number" && compareNumber(value, comparison);
	const [instant, bound] = [parseDate(value), parseDate(operand)];
	if (instant === null || bound === null) return false;
	const [operator] = Object.keys(comparison);
	return compareNumber(instant, { [operator as string]: bound } as Comparison);
}
