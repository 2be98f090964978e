import type { Client, ClientBase } from "pg";
import type { Statement, Work } from "../sql/work.ts";
import { createCopyQuery } from "./copyRows.ts";
import { numberValues, toPostgres } from "./toPostgres.ts";

/** Runs work from its beginning to its end. */
export type RunWork = <T>(work: Work<T>) => Promise<T>;

/** Runs work on a connection, inside a transaction that the caller has begun. */
export function createRunWork(client: ClientBase & Partial<Pick<Client, "connection" | "pipeline">>): RunWork {
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

	/** The last one's answer. Where one fails, so do those after it, because the transaction is of no more use. */
	const answerAll = async (statements: readonly Statement[]): Promise<unknown> => {
		const { connection, pipeline } = client;
		if (!connection || !pipeline) {
			let answered: unknown;
			for (const statement of statements) answered = await answer(statement);
			return answered;
		}
		// In one piece: each piece wakes the server up, and costs more than a small statement does.
		connection.stream.cork();
		const answers = statements.map(answer);
		connection.stream.uncork();
		return (await Promise.all(answers)).at(-1);
	};

	return async (work) => {
		let left: Statement[] = [];
		let step = work.next();
		while (!step.done) {
			left.push(step.value);
			if (step.value.isLeft) {
				step = work.next();
				continue;
			}
			const statements = left;
			left = [];
			let answered: unknown;
			try {
				answered = await answerAll(statements);
			} catch (error) {
				step = work.throw(error);
				continue;
			}
			step = work.next(answered);
		}
		await answerAll(left);
		return step.value;
	};
}
