import { compareSql, type Parameters } from "../../sql/search/parameters.ts";
import type { Place } from "../../sql/search/searchDialect.ts";

/** The place that keys lead to inside a JSON document. Asked by a text, what is no object has nothing. */
export function placeInside(document: string, keys: readonly string[], parameters: Parameters): Place {
	return toPlace(
		keys.reduce((value, key) => `(${value} -> ${parameters.bind(key)})`, document),
		parameters,
	);
}

/** @param value a JSON value; null: nothing there. */
export function toPlace(value: string, parameters: Parameters, instant?: () => string): Place {
	const { bind } = parameters;
	const type = `jsonb_typeof(${value})`;
	const text = `(${value} #>> '{}')`;
	const number = `selfsame_number(${value})`;
	const same = (one: string, operand: unknown) =>
		typeof operand === "number"
			? `selfsame_number(${one}) = ${bind(operand)}`
			: `${one} = selfsame_json(${bind(JSON.stringify(operand))})`;
	return {
		exists: `${type} <> 'null'`,
		number,
		identity: `nullif(${value}, 'null')`,
		isSame: (operand) => same(value, operand),
		isAmong: (operands) => {
			const listed = `jsonb_array_elements(selfsame_json(${bind(JSON.stringify(operands))}))`;
			return `${value} IN (SELECT x.one FROM ${listed} x(one))`;
		},
		compares: (comparison) => compareSql(number, comparison, parameters),
		instant: instant ?? (() => `CASE ${type} WHEN 'string' THEN selfsame_iso_date(${text}) END`),
		contains(operand) {
			const isMember = `EXISTS (SELECT 1 FROM jsonb_array_elements(${value}) x(one) WHERE ${same("x.one", operand)})`;
			const isPart = typeof operand === "string" ? `strpos(${text}, ${bind(operand)}) > 0` : "FALSE";
			return `CASE ${type} WHEN 'string' THEN ${isPart} WHEN 'array' THEN ${isMember} END`;
		},
		starts: (start) => `CASE ${type} WHEN 'string' THEN starts_with(${text}, ${bind(start)}) END`,
	};
}
