import type { ClientBase } from "pg";
import type { Statement, Work } from "../sql/work.ts";
import { toPostgres } from "./toPostgres.ts";

/** Runs work from its beginning to its end. */
export type RunWork = <T>(work: Work<T>) => Promise<T>;

/** Runs work on a connection, inside a transaction that the caller has begun. */
export function createRunWork(client: ClientBase): RunWork {
	const answer = async ({ sql, values, wanted }: Statement): Promise<unknown> => {
		const { text, name, bind } = toPostgres(sql);
		const query = { name, text, values: bind(values) };
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
