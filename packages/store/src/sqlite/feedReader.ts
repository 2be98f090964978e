import type { IdentityConfig } from "@selfsame/identity";
import { createFeed } from "../sql/feed.ts";
import { sources } from "../sql/sources.ts";
import { createAnswers } from "./answers.ts";
import { sqliteDialect } from "./dialect.ts";
import { openReader } from "./openDatabase.ts";

/** Reads on in the workspace's file, and its secret keys, on a connection of its own: nothing here takes long. */
export function createFeedReader(file: string, config: IdentityConfig) {
	const database = openReader(file);
	return {
		...createAnswers(database, { ...createFeed(sqliteDialect, config), listSecretKeys: sources.listSecretKeys }),
		close(): void {
			database.close();
		},
	};
}
