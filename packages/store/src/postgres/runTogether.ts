import { createHash } from "node:crypto";
import type { ClientBase } from "pg";
import type { Statement, Value, Work } from "../sql/work.ts";
import { createRunWork } from "./runWork.ts";
import { toPostgres } from "./toPostgres.ts";

/** One piece of work, and what it waits for. */
interface Course<T> {
	work: Work<T>;
	step: IteratorResult<Statement, T>;
}

/** Courses that wait for the same statement, each with its values. */
interface Row<T> {
	course: Course<T>;
	values: readonly Value[];
}

/**
 * Reads for many pieces of work at once, inside a transaction that the caller has begun. They go forward in step, and what
 * they ask alike is asked by one statement for all of them: for short questions most of the time goes into asking.
 *
 * @returns the results in the order of the works. The memory that it takes is theirs.
 */
export async function runTogether<T>(client: ClientBase, works: readonly Work<T>[]): Promise<T[]> {
	const courses = works.map((work): Course<T> => ({ work, step: work.next() }));
	for (;;) {
		const waiting = courses.filter(({ step }) => !step.done);
		if (waiting.length === 0) return courses.map(({ step }) => step.value as T);
		const alike = Map.groupBy(waiting.map(toRow), ({ course, values }) => nameOf(statementOf(course), values));
		for (const rows of alike.values()) await answerAll(client, rows);
	}
}

const statementOf = <T>({ step }: Course<T>) => step.value as Statement;

function toRow<T>(course: Course<T>): Row<T> {
	const { sql, values } = statementOf(course);
	return { course, values: toPostgres(sql).bind(values) as readonly Value[] };
}

const types = { number: "bigint", string: "text", object: "bytea" } as const;
type TypeName = keyof typeof types;
const typeOf = (value: Value): (typeof types)[TypeName] | null =>
	value === null ? null : types[typeof value as TypeName];

/** What those that are asked by one statement have in common: its text, and the types of its values. */
const nameOf = ({ sql, wanted }: Statement, values: readonly Value[]) =>
	[wanted, ...values.map(typeOf), sql].join("\n");

async function answerAll<T>(client: ClientBase, rows: readonly Row<T>[]): Promise<void> {
	const [{ course, values }] = rows as [Row<T>];
	const asked = statementOf(course);
	const canBeMany = asked.wanted !== "count" && values.length > 0 && !values.includes(null);
	if (rows.length === 1 || !canBeMany) {
		for (const row of rows) goOn(row.course, await createRunWork(client)(alone(statementOf(row.course))));
		return;
	}
	const types = values.map(typeOf) as string[];
	const columns = values.map((_, place) => rows.map((row) => row.values[place]));
	const found: (Record<string, unknown> & { "#": number })[] = (
		await client.query({ ...forMany(asked.sql, types), values: columns })
	).rows;
	const answers: unknown[][] = rows.map(() => []);
	for (const { "#": place, ...row } of found) {
		answers[place - 1]?.push(asked.wanted === "column" ? Object.values(row)[0] : row);
	}
	for (const [place, row] of rows.entries()) goOn(row.course, answers[place]);
}

function* alone(statement: Statement): Work<unknown> {
	return yield statement;
}

function goOn<T>(course: Course<T>, answer: unknown): void {
	course.step = course.work.next(answer);
}

const known = new Map<string, { text: string; name: string }>();

/** A statement for many rows of values, each of whose answers begins with the place of its row. */
function forMany(sql: string, types: readonly string[]): { text: string; name: string } {
	const key = [...types, sql].join("\n");
	const found = known.get(key);
	if (found) return found;
	// As in `numberValues`, what stands in quotes is no value.
	const one = toPostgres(sql).text.replace(/'(?:[^']|'')*'|"[^"]*"|\$(\d+)/g, (part, number?: string) =>
		number === undefined ? part : `q.v${number}`,
	);
	const arrays = types.map((type, place) => `CAST($${place + 1} AS ${type}[])`).join(", ");
	const names = [...types.map((_, place) => `v${place + 1}`), '"#"'].join(", ");
	const text = `SELECT q."#", r.* FROM unnest(${arrays}) WITH ORDINALITY AS q(${names}) CROSS JOIN LATERAL (${one}) AS r`;
	const made = { text, name: `m_${createHash("sha256").update(text).digest("hex").slice(0, 40)}` };
	known.set(key, made);
	return made;
}
