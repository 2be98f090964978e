import type { IdentityConfig } from "@selfsame/identity";
import { createQuestions } from "../sql/questions.ts";
import { createAnswers } from "./answers.ts";
import { sqliteDialect } from "./dialect.ts";
import { copyDatabase, openReader } from "./openDatabase.ts";

/** Everything that is asked of the workspace's file. A reader sees the last commit and never waits for the writer. */
export function createReader(file: string, config: IdentityConfig) {
	const database = openReader(file);
	return {
		...createAnswers(database, createQuestions(sqliteDialect, config)),
		backup: (target: string): Promise<void> => copyDatabase(database, target),
		close(): void {
			database.close();
		},
	};
}
