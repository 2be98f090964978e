import type { Value } from "@selfsame/protocol";
import { canonicalJson } from "@selfsame/protocol/filter";
import { compareSql, type Parameters } from "../../sql/search/parameters.ts";
import type { Place } from "../../sql/search/searchDialect.ts";

/** The name of an SQL function: JSON text to the text that all equal values share. */
export const canonical = "selfsame_canonical";
/** The name of another: a text to the instant that it names as an ISO 8601 date, or null. */
export const isoDate = "selfsame_iso_date";

/** A JSON value as SQLite's functions give it. */
interface JsonColumns {
	/** As of `json_type`; null: nothing there. */
	type: string;
	/** As of `json_extract`: a text without its quotes, a number, 1 or 0; an object or an array as JSON text. */
	value: string;
	/** A table-valued expression of an array's members, as `json_each` gives them. */
	members: string;
}

/** What stands where keys lead to inside a JSON document. */
export function columnsInside(document: string, keys: readonly string[], { bind }: Parameters): JsonColumns {
	// Inside its quotes a key stands as in the JSON text itself, whatever it holds.
	const path = bind(`$${keys.map((key) => `.${JSON.stringify(key)}`).join("")}`);
	return {
		type: `json_type(${document}, ${path})`,
		value: `json_extract(${document}, ${path})`,
		members: `json_each(${document}, ${path})`,
	};
}

/** The place that keys lead to inside a JSON document. */
export function placeInside(document: string, keys: readonly string[], parameters: Parameters): Place {
	return toPlace(columnsInside(document, keys, parameters), parameters);
}

export function toPlace(columns: JsonColumns, parameters: Parameters, instant?: () => string): Place {
	const { type, value, members } = columns;
	return {
		exists: `${type} <> 'null'`,
		number: `CASE WHEN ${isNumber(columns)} THEN ${asNumber(columns)} END`,
		identity: `CASE ${type} WHEN 'null' THEN NULL WHEN 'text' THEN 's' || ${value} WHEN 'true' THEN 'true' WHEN 'false' THEN 'false'
			WHEN 'object' THEN ${canonical}(${value}) WHEN 'array' THEN ${canonical}(${value}) ELSE ${asNumber(columns)} END`,
		isSame: (operand) => same(columns, operand, parameters),
		isAmong: (operands) => sameAsAny(columns, operands, parameters),
		compares: (comparison) => `${compareSql(asNumber(columns), comparison, parameters)} AND ${isNumber(columns)}`,
		instant: instant ?? (() => `CASE ${type} WHEN 'text' THEN ${isoDate}(${value}) END`),
		contains(operand) {
			const member = { type: "x.type", value: "x.value", members: "" };
			const isMember = `EXISTS (SELECT 1 FROM ${members} x WHERE ${same(member, operand, parameters)})`;
			const isListed = `CASE WHEN ${type} = 'array' THEN ${isMember} END`;
			if (typeof operand !== "string") return isListed;
			return `instr(${value}, ${parameters.bind(operand)}) > 0 AND ${type} = 'text' OR ${isListed}`;
		},
		starts(text) {
			const start = parameters.bind(text);
			return `substr(${value}, 1, length(${start})) = ${start} AND ${type} = 'text'`;
		},
	};
}

/** A number as SQLite compares it with a bound one. Digits beyond a double's were lost in JavaScript already. */
const asNumber = ({ value }: JsonColumns) => `CAST(${value} AS REAL)`;
const isNumber = ({ type }: JsonColumns) => `${type} IN ('integer', 'real')`;

function same(columns: JsonColumns, operand: Value, { bind }: Parameters): string {
	const { type, value } = columns;
	// The value first: most rows have another one, and then their type does not matter.
	if (typeof operand === "string") return `${value} = ${bind(operand)} AND ${type} = 'text'`;
	if (typeof operand === "number") return `${asNumber(columns)} = ${bind(operand)} AND ${isNumber(columns)}`;
	if (typeof operand === "boolean") return `${type} = '${operand}'`;
	const kind = Array.isArray(operand) ? "array" : "object";
	// SQLite must not look at the value of anything else as if it were JSON.
	return `CASE WHEN ${type} = '${kind}' THEN ${canonical}(${value}) = ${bind(canonicalJson(operand))} END`;
}

/** So many values are bound one by one, which is faster; a statement can hold only so many. */
const mostBound = 8;

/** What is in a long list is looked up, not compared one by one. */
function sameAsAny(columns: JsonColumns, operands: readonly Value[], parameters: Parameters): string {
	const { type, value } = columns;
	const texts = operands.filter((operand) => typeof operand === "string");
	const numbers = operands.filter((operand) => typeof operand === "number");
	const booleans = [true, false].filter((operand) => operands.includes(operand));
	const nested = operands.filter((operand) => typeof operand === "object").map((operand) => canonicalJson(operand));
	const listed = (list: readonly (string | number)[], member = "value") =>
		list.length <= mostBound
			? `(${list.map((one) => parameters.bind(one)).join(", ")})`
			: `(SELECT ${member} FROM json_each(${parameters.bind(JSON.stringify(list))}))`;
	const alternatives = booleans.map((operand) => `(${same(columns, operand, parameters)})`);
	if (texts.length > 0) alternatives.push(`(${value} IN ${listed(texts)} AND ${type} = 'text')`);
	if (numbers.length > 0) {
		const list = listed(numbers, "CAST(value AS REAL)");
		alternatives.push(`(${asNumber(columns)} IN ${list} AND ${isNumber(columns)})`);
	}
	if (nested.length > 0) {
		const text = `CASE WHEN ${type} IN ('object', 'array') THEN ${canonical}(${value}) END`;
		alternatives.push(`(${text} IN ${listed(nested)})`);
	}
	return alternatives.length === 0 ? "FALSE" : alternatives.join(" OR ");
}
