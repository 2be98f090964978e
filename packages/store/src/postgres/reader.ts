import type { IdentityConfig } from "@selfsame/identity";
import type { Pool, PoolClient } from "pg";
import type { Store } from "../port.ts";
import { createFeed } from "../sql/feed.ts";
import { createQuestions } from "../sql/questions.ts";
import type { Work } from "../sql/work.ts";
import { postgresDialect } from "./dialect.ts";
import { readOneState } from "./readOneState.ts";
import { createRunWork } from "./runWork.ts";
import { readOnly } from "./transact.ts";

/** Everything that is asked of a workspace, searches apart. */
export type Reader = Pick<
	Store,
	| "findProfile"
	| "listProfiles"
	| "listEvents"
	| "explainIdentity"
	| "traitHistory"
	| "findGroup"
	| "listGroupEvents"
	| "feedEnd"
	| "readFeed"
	| "stats"
	| "listRejected"
	| "listSources"
	| "listSecretKeys"
>;

type Asked = ReturnType<typeof createQuestions> & ReturnType<typeof createFeed>;

/** Each question is answered from one commit, on any of the connections. */
export function createReader({ pool, config }: { pool: Pool; config: IdentityConfig }): Reader {
	// What a question reads is remembered while it is answered, so each connection has its own.
	const known = new WeakMap<PoolClient, Asked>();
	const askedOn = (client: PoolClient): Asked => {
		const asked = known.get(client) ?? {
			...createQuestions(postgresDialect, config),
			...createFeed(postgresDialect, config),
		};
		known.set(client, asked);
		return asked;
	};
	const read = <T>(ask: (asked: Asked) => Work<T>): Promise<T> =>
		readOneState(pool, readOnly, (client) => createRunWork(client)(ask(askedOn(client))));

	return {
		findProfile: (ref, at = {}) => read((asked) => asked.findProfile(ref, at)),
		listProfiles: (query) => read((asked) => asked.listProfiles(query)),
		listEvents: (ref, query) => read((asked) => asked.listEvents(ref, query)),
		explainIdentity: (ref, at = {}) => read((asked) => asked.explainIdentity(ref, at)),
		traitHistory: (ref, key, query) => read((asked) => asked.traitHistory(ref, key, query)),
		findGroup: (id, query) => read((asked) => asked.findGroup(id, query)),
		listGroupEvents: (id, query) => read((asked) => asked.listGroupEvents(id, query)),
		feedEnd: () => read((asked) => asked.feedEnd()),
		readFeed: (after, limit) => read((asked) => asked.readFeed(after, limit)),
		stats: () => read((asked) => asked.stats()),
		listRejected: (query) => read((asked) => asked.listRejected(query)),
		listSources: () => read((asked) => asked.listSources()),
		listSecretKeys: () => read((asked) => asked.listSecretKeys()),
	};
}
