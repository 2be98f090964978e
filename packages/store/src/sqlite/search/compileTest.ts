import type { Comparison, Operation, Value } from "@selfsame/protocol";
import { canonicalJson, operationOf, parseDate } from "@selfsame/protocol/filter";
import { canonical, compareSql, isoDate, type Parameters, total } from "./sql.ts";

/** A JSON value as SQL expressions. */
export interface Place {
	/** As of `json_type`; null: nothing there. */
	type: string;
	/** As of `json_extract`: a text without its quotes, a number, 1 or 0; an object or an array as JSON text. */
	value: string;
	/** A table-valued expression of an array's members, as `json_each` gives them. */
	members: string;
	/** The instant that it names as an ISO 8601 date, or null. Left out: worked out from the value. */
	instant?: () => string;
}

/** The place that keys lead to inside a JSON document. */
export function placeInside(document: string, keys: readonly string[], { bind }: Parameters): Place {
	// Inside its quotes a key stands as in the JSON text itself, whatever it holds.
	const path = bind(`$${keys.map((key) => `.${JSON.stringify(key)}`).join("")}`);
	return {
		type: `json_type(${document}, ${path})`,
		value: `json_extract(${document}, ${path})`,
		members: `json_each(${document}, ${path})`,
	};
}

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
	const { type, value, members } = place;
	switch (operator) {
		case "eq":
			return decide(same(place, operand, parameters));
		case "ne":
			return `NOT ${total(same(place, operand, parameters))}`;
		case "in":
			return decide(sameAsAny(place, operand as Value[], parameters));
		case "exists":
			return operand ? decide(`${type} <> 'null'`) : `NOT ${total(`${type} <> 'null'`)}`;
		case "contains": {
			const member: Place = { type: "x.type", value: "x.value", members: "" };
			const isMember = `EXISTS (SELECT 1 FROM ${members} x WHERE ${same(member, operand, parameters)})`;
			const isPart = typeof operand === "string" ? `instr(${value}, ${parameters.bind(operand)}) > 0` : "0";
			return decide(`CASE ${type} WHEN 'text' THEN ${isPart} WHEN 'array' THEN ${isMember} END`);
		}
		case "starts": {
			const start = parameters.bind(operand as string);
			return decide(`substr(${value}, 1, length(${start})) = ${start} AND ${type} = 'text'`);
		}
		default:
			return decide(ordered(place, { [operator]: operand } as Comparison, operand, parameters));
	}
}

/** A number as SQLite compares it with a bound one. Digits beyond a double's were lost in JavaScript already. */
export const numberAt = (place: Place) => `CASE WHEN ${isNumber(place)} THEN ${asNumber(place)} END`;
const isNumber = ({ type }: Place) => `${type} IN ('integer', 'real')`;
const asNumber = ({ value }: Place) => `CAST(${value} AS REAL)`;

/** What equal values share and others do not; null for no value. */
export const identityAt = ({ type, value }: Place) =>
	`CASE ${type} WHEN 'null' THEN NULL WHEN 'text' THEN 's' || ${value} WHEN 'true' THEN 'true' WHEN 'false' THEN 'false'
		WHEN 'object' THEN ${canonical}(${value}) WHEN 'array' THEN ${canonical}(${value}) ELSE CAST(${value} AS REAL) END`;

function same(place: Place, operand: Value, { bind }: Parameters): string {
	const { type, value } = place;
	// The value first: most rows have another one, and then their type does not matter.
	if (typeof operand === "string") return `${value} = ${bind(operand)} AND ${type} = 'text'`;
	if (typeof operand === "number") return `${asNumber(place)} = ${bind(operand)} AND ${isNumber(place)}`;
	if (typeof operand === "boolean") return `${type} = '${operand}'`;
	const kind = Array.isArray(operand) ? "array" : "object";
	// SQLite must not look at the value of anything else as if it were JSON.
	return `CASE WHEN ${type} = '${kind}' THEN ${canonical}(${value}) = ${bind(canonicalJson(operand))} END`;
}

/** What is in a long list is looked up, not compared one by one. */
function sameAsAny(place: Place, operands: readonly Value[], parameters: Parameters): string {
	const texts = operands.filter((operand) => typeof operand === "string");
	const numbers = operands.filter((operand) => typeof operand === "number");
	const booleans = [true, false].filter((operand) => operands.includes(operand));
	const nested = operands.filter((operand) => typeof operand === "object").map((operand) => canonicalJson(operand));
	const listed = (list: readonly Value[]) => `FROM json_each(${parameters.bind(JSON.stringify(list))})`;
	const alternatives = booleans.map((operand) => `(${same(place, operand, parameters)})`);
	if (texts.length > 0) {
		alternatives.push(`(${place.value} IN (SELECT value ${listed(texts)}) AND ${place.type} = 'text')`);
	}
	if (numbers.length > 0) {
		alternatives.push(`(${asNumber(place)} IN (SELECT CAST(value AS REAL) ${listed(numbers)}) AND ${isNumber(place)})`);
	}
	if (nested.length > 0) {
		const text = `CASE WHEN ${place.type} IN ('object', 'array') THEN ${canonical}(${place.value}) END`;
		alternatives.push(`(${text} IN (SELECT value ${listed(nested)}))`);
	}
	return alternatives.length === 0 ? "0" : alternatives.join(" OR ");
}

function ordered(place: Place, comparison: Comparison, operand: Value, parameters: Parameters): string {
	if (typeof operand === "number")
		return `${compareSql(asNumber(place), comparison, parameters)} AND ${isNumber(place)}`;
	const bound = parseDate(operand);
	if (bound === null) return "0";
	const [operator] = Object.keys(comparison);
	const instant = place.instant?.() ?? `CASE ${place.type} WHEN 'text' THEN ${isoDate}(${place.value}) END`;
	return compareSql(instant, { [operator as string]: bound } as Comparison, parameters);
}
