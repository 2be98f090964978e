import type { IdentityConfig } from "@selfsame/identity";
import type { Pool } from "pg";
import type { Diagnostics, Store } from "../port.ts";
import { type Amendments, createAmendments } from "../sql/amendments.ts";
import { deadLetters } from "../sql/deadLetters.ts";
import type { DecisionCounts } from "../sql/decider.ts";
import { idempotentRequests } from "../sql/idempotentRequests.ts";
import { requireRules } from "../sql/identityRules.ts";
import type { KeyedHash } from "../sql/keyedHash.ts";
import { putMeta } from "../sql/meta.ts";
import { sources } from "../sql/sources.ts";
import type { Work } from "../sql/work.ts";
import { postgresDialect } from "./dialect.ts";
import { createBlockIds } from "./identifierIds.ts";
import { readDurability } from "./openPool.ts";
import { createRunWork } from "./runWork.ts";
import { transact } from "./transact.ts";
import { lockExclusive, lockShared } from "./workspaceLock.ts";

export interface WriterDeps {
	pool: Pool;
	/** For what may take its time: see `patient`. */
	slow: Pool;
	config: IdentityConfig;
	hash: KeyedHash;
	/** Added to by every decision. */
	counts: DecisionCounts;
}

/** Everything that changes a workspace, ingest apart. */
export type Writer = Pick<
	Store,
	| "correct"
	| "deleteProfile"
	| "purge"
	| "removeRejected"
	| "trimRejected"
	| "claimRequest"
	| "answerRequest"
	| "releaseRequest"
	| "putSource"
	| "putSecretKey"
	| "removeSecretKey"
	| "touchSecretKey"
	| "ready"
	| "diagnostics"
>;

export function createWriter({ pool, slow, config, hash, counts }: WriterDeps): Writer {
	const ids = createBlockIds();

	/** One short piece of work, which may meet others at the same rows. */
	const note = <T>(work: () => Work<T>, begin = "BEGIN"): Promise<T> =>
		transact(pool, (client) => createRunWork(client)(work()), { begin });

	/** The same for what must not be lost: a rebuild that is about to put other tables in place waits for it. */
	const write = <T>(work: () => Work<T>): Promise<T> => note(work, `BEGIN; ${lockShared}`);

	/** Nobody else writes meanwhile, so what is read stays true; what was read before the lock would not. */
	const amend = <T>(change: (amendments: Amendments) => Work<T>): Promise<T> =>
		transact(slow, async (client) => {
			await client.query(lockExclusive);
			const run = createRunWork(client);
			// A rebuild may have put other rules in force.
			await run(requireRules(config));
			return await run(change(createAmendments({ dialect: postgresDialect, config, hash, ids, counts })));
		});

	return {
		correct: (correction, attribution) => amend(({ corrections }) => corrections.apply(correction, attribution)),
		deleteProfile: (ref, options, attribution) =>
			amend(({ deleteProfile }) => deleteProfile(ref, options, attribution)),
		purge: async (query, options, attribution) => ({
			events: await amend(({ purge }) => purge(query, options, attribution)),
		}),

		removeRejected: (ids) => write(() => deadLetters.remove(ids)),
		trimRejected: (limits) => write(() => deadLetters.trim(limits)),

		claimRequest: (request, limits) => write(() => idempotentRequests.claim(request, limits)),
		answerRequest: (hash, answer) => write(() => idempotentRequests.answer(hash, answer)),
		releaseRequest: (hash) => write(() => idempotentRequests.release(hash)),

		putSource: (source) => write(() => sources.putSource(source)),
		putSecretKey: (key) => write(() => sources.putSecretKey(key)),
		removeSecretKey: (id) => write(() => sources.removeSecretKey(id)),
		touchSecretKey: (id, at) => note(() => sources.touchSecretKey(id, at)),

		ready: () => note(() => putMeta("ready", `${Date.now()}`)),

		diagnostics(): Promise<Diagnostics> {
			return transact(pool, async (client) => ({
				decisions: { ...counts },
				durable: (await readDurability(client)).isDurable,
				lastBackupAt: null,
			}));
		},
	};
}
