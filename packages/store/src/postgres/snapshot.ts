import type { IdentityConfig } from "@selfsame/identity";
import type { ClientBase, PoolClient } from "pg";
import { type Snapshot, StorageUnavailableError } from "../port.ts";
import { createDatasets } from "../sql/datasets.ts";
import { requireRules } from "../sql/identityRules.ts";
import { createSnapshot } from "../sql/snapshot.ts";
import type { Work } from "../sql/work.ts";
import { postgresDialect } from "./dialect.ts";
import { toStoreError } from "./errors.ts";
import { openPool, patient } from "./openPool.ts";
import type { PostgresUrl } from "./readUrl.ts";
import { createRunWork } from "./runWork.ts";
import { readOnly } from "./transact.ts";
import { requireFinished } from "./unfinished.ts";

/**
 * Reads a workspace as of one commit, in one transaction that stays open until the snapshot is closed. Collectors wait for
 * it as little as it waits for them; but what is deleted or replaced meanwhile keeps its room until then, in every table
 * of the server, since vacuum must leave whatever an open transaction may still read. A standby is a good place for long
 * exports: nothing is written.
 */
export async function openPostgresSnapshot(url: PostgresUrl, config: IdentityConfig): Promise<Snapshot> {
	const pool = openPool(patient(url));
	const close = async (client?: PoolClient) => {
		// With the connection its transaction ends.
		client?.release(true);
		await pool.end();
	};
	let client: PoolClient | undefined;
	try {
		client = await pool.connect();
		const run = createRunWork(client);
		// Whoever takes the rows may take their time.
		await client.query("SET idle_in_transaction_session_timeout = 0");
		await client.query(readOnly);
		await run(requireFinished());
		await run(requireRules(config));
		const standing = await identityOf(client);
		const read = async <T>(work: Work<T>): Promise<T> => {
			try {
				const answer = await run(work);
				if ((await identityOf(client as PoolClient)) === standing) return answer;
			} catch (error) {
				throw toStoreError(error);
			}
			throw new StorageUnavailableError("The workspace was rebuilt meanwhile. Take a new snapshot.");
		};
		return createSnapshot(createDatasets(postgresDialect, config), read, () => close(client));
	} catch (error) {
		await close(client);
		throw toStoreError(error);
	}
}

/** Which table is the one of events. A rebuild puts another in its place, in which this transaction would see no row. */
export async function identityOf(client: ClientBase): Promise<string> {
	const { rows } = await client.query("SELECT 'events'::regclass::oid AS id");
	return rows[0].id;
}
