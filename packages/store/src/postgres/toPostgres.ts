import { createHash } from "node:crypto";
import type { Value, Values } from "../sql/work.ts";

/** A statement of both databases as PostgreSQL takes it. */
export interface PostgresText {
	/** With `$1` for its values. */
	text: string;
	/** Names the prepared statement, of which a connection keeps one for each text. */
	name: string;
	/** Puts values in the order of the text. */
	bind(values: Values): unknown[];
}

/** PostgreSQL knows no text with a NUL. What is taken in has U+FFFD for it, so that whoever asks for one finds that. */
const storable = (value: Value | undefined): unknown =>
	typeof value === "string" && value.includes("\0") ? value.replaceAll("\0", "\ufffd") : value;

const known = new Map<string, PostgresText>();

/** What is asked often, so that it is worth remembering. */
export function toPostgres(sql: string): PostgresText {
	const found = known.get(sql);
	if (found) return found;
	const numbered = numberValues(sql);
	const name = `s_${createHash("sha256").update(numbered.text).digest("hex").slice(0, 40)}`;
	const made = { ...numbered, name };
	known.set(sql, made);
	return made;
}

/** Numbers the values of a statement. What stands in quotes or after `::` is no value. */
export function numberValues(sql: string): Omit<PostgresText, "name"> {
	const names: string[] = [];
	let positions = 0;
	const text = sql.replace(/'(?:[^']|'')*'|"[^"]*"|::\w+|\?|:([a-z]\w*)/gi, (part, name: string | undefined) => {
		if (part === "?") {
			positions += 1;
			return `$${positions}`;
		}
		if (name === undefined) return part;
		if (!names.includes(name)) names.push(name);
		return `$${names.indexOf(name) + 1}`;
	});
	const bind = (values: Values): unknown[] => {
		if (names.length > 0) return names.map((name) => storable((values[0] as Readonly<Record<string, Value>>)[name]));
		return positions > 0 ? (values as readonly Value[]).map(storable) : [];
	};
	return { text, bind };
}
