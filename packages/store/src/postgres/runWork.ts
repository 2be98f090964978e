import type { ClientBase } from "pg";
import type { Statement, Work } from "../sql/work.ts";
import { createCopyQuery } from "./copyRows.ts";
import { numberValues, toPostgres } from "./toPostgres.ts";

/** Runs work from its beginning to its end. */
export type RunWork = <T>(work: Work<T>) => Promise<T>;

/** Runs work on a connection, inside a transaction that the caller has begun. */
export function createRunWork(client: ClientBase & { readonly pipeline?: boolean }): RunWork {
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
		/** On their way. When one fails, so does what was sent after it, because the transaction is of no more use. */
		let left: Promise<unknown>[] = [];
		let step = work.next();
		while (!step.done) {
			let answered: unknown;
			try {
				const asked = answer(step.value);
				if (step.value.isLeft && client.pipeline) {
					asked.catch(() => {});
					left.push(asked);
				} else {
					answered = (await Promise.all([...left, asked])).at(-1);
					left = [];
				}
			} catch (error) {
				left = [];
				step = work.throw(error);
				continue;
			}
			step = work.next(answered);
		}
		await Promise.all(left);
		return step.value;
	};
}
