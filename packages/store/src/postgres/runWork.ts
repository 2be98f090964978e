import type { ClientBase } from "pg";
import type { Statement, Work } from "../sql/work.ts";
import { createCopyQuery } from "./copyRows.ts";
import { numberValues, toPostgres } from "./toPostgres.ts";

/** Runs work from its beginning to its end. */
export type RunWork = <T>(work: Work<T>) => Promise<T>;

/** Runs work on a connection, inside a transaction that the caller has begun. */
export function createRunWork(client: ClientBase): RunWork {
	const prepare = ({ sql, values, isPassing }: Statement) => {
		const { bind, ...known } = isPassing ? numberValues(sql) : toPostgres(sql);
		return { ...known, values: bind(values) };
	};
	const copy = (sql: string, copied: readonly string[]) =>
		new Promise<void>((resolve, reject) => {
			const callback = (error: Error | null) => (error ? reject(error) : resolve());
			client.query(Object.assign(createCopyQuery(sql, copied), { callback }));
		});
	const answer = async (asked: Statement): Promise<unknown> => {
		const { wanted, copied } = asked;
		if (copied) return copy(asked.sql, copied);
		const query = prepare(asked);
		if (wanted === "column") return (await client.query({ ...query, rowMode: "array" })).rows.map(([first]) => first);
		const { rows, rowCount } = await client.query(query);
		return wanted === "count" ? rowCount : rows;
	};

	return async (work) => {
		let step = work.next();
		while (!step.done) {
			let answered: unknown;
			try {
				answered = await answer(step.value);
			} catch (error) {
				step = work.throw(error);
				continue;
			}
			step = work.next(answered);
		}
		return step.value;
	};
}
