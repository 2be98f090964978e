import type { IdentityConfig } from "@selfsame/identity";
import { createFeed } from "../sql/feed.ts";
import { createAnswers } from "./answers.ts";
import { sqliteDialect } from "./dialect.ts";
import { openReader } from "./openDatabase.ts";

/** Reads on in the workspace's file, on a connection of its own. */
export function createFeedReader(file: string, config: IdentityConfig) {
	const database = openReader(file);
	return {
		...createAnswers(database, createFeed(sqliteDialect, config)),
		close(): void {
			database.close();
		},
	};
}
