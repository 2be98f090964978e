import type { IdentityConfig } from "@selfsame/identity";
import type { Pool } from "pg";
import type { Store, StoreOptions } from "../port.ts";
import { createAmendments } from "../sql/amendments.ts";
import { noDecisions } from "../sql/decider.ts";
import { bringRulesUpToDate, requireSameRules } from "../sql/identityRules.ts";
import { createKeyedHash, hashSecret, type KeyedHash } from "../sql/keyedHash.ts";
import { postgresDialect } from "./dialect.ts";
import { createBlockIds } from "./identifierIds.ts";
import { createIngest, ingestConnections } from "./ingest.ts";
import { migratePostgres } from "./migrate.ts";
import { exceedNumbers } from "./numbers.ts";
import { openPool, patient } from "./openPool.ts";
import { keepPartitions } from "./partitions.ts";
import { createReader } from "./reader.ts";
import { readPostgresUrl } from "./readUrl.ts";
import { createRunWork } from "./runWork.ts";
import { createSearcher } from "./search/createSearcher.ts";
import { transact } from "./transact.ts";
import { requireFinished } from "./unfinished.ts";
import { lockExclusive } from "./workspaceLock.ts";
import { createWriter } from "./writer.ts";

/**
 * The store in a schema of a PostgreSQL database, which any number of processes may have open. What takes long has
 * connections of its own, so that it stands in nobody's way: one for corrections, one for searches. So has ingest, in whose
 * way nobody is to stand.
 */
export async function openPostgresStore(url: string, { identity: config }: StoreOptions): Promise<Store> {
	const settings = readPostgresUrl(url);
	await migratePostgres(url, Date.now());
	const pool = openPool(settings);
	const ingestPool = openPool(settings, ingestConnections);
	const slow = openPool(patient(settings));
	const searcher = createSearcher(settings, config);
	const stopKeeping = keepPartitions(slow);
	const end = async () => {
		stopKeeping();
		await searcher.close();
		await Promise.all([pool, ingestPool, slow].map((each) => each.end()));
	};
	let ending: Promise<void> | undefined;
	const close = () => {
		ending ??= end();
		return ending;
	};
	try {
		const counts = noDecisions();
		const hash = await begin(pool, config);
		const reader = createReader({ pool, config });
		return {
			...reader,
			...createWriter({ pool, slow, config, hash, counts }),
			// While one waits for the server, the next is made ready here.
			ingestsAtOnce: 2,
			ingest: createIngest({ pool: ingestPool, config, hash, counts }).ingest,
			listProfiles: (query) =>
				query.identifierType === undefined && query.seenAfter === undefined
					? reader.listProfiles(query)
					: searcher.listProfiles(query),
			searchProfiles: searcher.searchProfiles,
			explainFilter: searcher.explainFilter,
			async backup() {
				throw new Error("PostgreSQL is backed up with its own tools, such as pg_dump or pg_basebackup.");
			},
			close,
		};
	} catch (error) {
		await close();
		throw error;
	}
}

/**
 * Makes sure that this is a whole workspace whose profiles stand on these rules, and that the server's numbers go on where
 * the workspace's are; finds the secret of its hashes.
 */
function begin(pool: Pool, config: IdentityConfig): Promise<KeyedHash> {
	return transact(pool, async (client) => {
		const run = createRunWork(client);
		// Once before waiting, too: a copy under way holds the lock to its end.
		await run(requireFinished());
		await client.query(lockExclusive);
		await run(requireFinished());
		await run(requireSameRules(config));
		await run(exceedNumbers());
		const hash = createKeyedHash(await run(hashSecret()));
		const ids = createBlockIds();
		const { decider } = createAmendments({ dialect: postgresDialect, config, hash, ids, counts: noDecisions() });
		await run(bringRulesUpToDate(config, decider, Date.now()));
		return hash;
	});
}
