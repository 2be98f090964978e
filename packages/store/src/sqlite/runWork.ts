import type { Statement as Prepared } from "better-sqlite3";
import type { Statement, Wanted, Work } from "../sql/work.ts";
import type { SqliteDatabase } from "./openDatabase.ts";

/** Runs work from its beginning to its end. */
export type RunWork = <T>(work: Work<T>) => T;

/** A value's place, or something in quotes, where none is. */
const places = /'(?:[^']|'')*'|"[^"]*"|\?|:[a-z]\w*/gi;

/**
 * SQLite plans a statement anew, which takes longer than most of these run, when another value is bound to a place that the
 * plan might depend on. Behind a sign no value is foreseen.
 */
const plannedOnce = (sql: string) => sql.replace(places, (part) => (/^[?:]/.test(part) ? `+${part}` : part));

/** Runs work on a connection. Statements are prepared once for each text: preparing costs more than running. */
export function createRunWork(database: SqliteDatabase): RunWork {
	const prepared: Record<Wanted, Map<string, Prepared<unknown[]>>> = {
		rows: new Map(),
		column: new Map(),
		count: new Map(),
	};
	const prepare = ({ sql, wanted, isPassing }: Statement) => {
		let statement = prepared[wanted].get(sql);
		if (!statement) {
			statement = database.prepare<unknown[]>(plannedOnce(sql));
			if (wanted === "column") statement.pluck();
			if (!isPassing) prepared[wanted].set(sql, statement);
		}
		return statement;
	};
	const answer = (asked: Statement): unknown => {
		const { values, wanted } = asked;
		const statement = prepare(asked);
		return wanted === "count" ? statement.run(...values).changes : statement.all(...values);
	};

	return (work) => {
		let step = work.next();
		while (!step.done) {
			let answered: unknown;
			try {
				answered = answer(step.value);
			} catch (error) {
				step = work.throw(error);
				continue;
			}
			step = work.next(answered);
		}
		return step.value;
	};
}
