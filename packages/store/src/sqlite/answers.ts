import type { Work } from "../sql/work.ts";
import type { SqliteDatabase } from "./openDatabase.ts";
import { createRunWork } from "./runWork.ts";

/** Questions as functions that answer them. */
export type Answers<Questions> = {
	[Name in keyof Questions]: Questions[Name] extends (...args: infer Args) => Work<infer T>
		? (...args: Args) => T
		: never;
};

/** Answers questions on a connection, each from one commit. */
export function createAnswers<Questions extends Record<string, (...args: never[]) => Work<unknown>>>(
	database: SqliteDatabase,
	questions: Questions,
): Answers<Questions> {
	const runWork = createRunWork(database);
	const atOnce = database.transaction((question: Work<unknown>) => runWork(question));
	const answers = Object.entries(questions).map(([name, ask]) => [name, (...args: never[]) => atOnce(ask(...args))]);
	return Object.fromEntries(answers) as Answers<Questions>;
}
