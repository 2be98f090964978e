import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { IdentityConfig } from "@selfsame/identity";
import type { PoolClient } from "pg";
import { compareProfiles, profilesOf, type VerifyReport } from "../compareProfiles.ts";
import { StorageUnavailableError } from "../port.ts";
import { requireRules } from "../sql/identityRules.ts";
import { readMeta } from "../sql/meta.ts";
import { type Progress, restore } from "../sql/restore.ts";
import { awaitSteps } from "../sql/steps.ts";
import { createStoredWorkspace } from "../sql/storedWorkspace.ts";
import { createReader } from "../sqlite/reader.ts";
import { openRestoreTarget } from "../sqlite/restoreTarget.ts";
import { postgresDialect } from "./dialect.ts";
import { openPool, patient } from "./openPool.ts";
import { profilesTogether } from "./profilesTogether.ts";
import { readPostgresUrl } from "./readUrl.ts";
import { createRunWork } from "./runWork.ts";
import { identityOf } from "./snapshot.ts";
import { readOnly, transact } from "./transact.ts";
import { requireFinished } from "./unfinished.ts";

/**
 * Rebuilds every profile from the events alone, in a scratch file on this machine, and compares. Both sides are of the
 * moment when it began, while ingest goes on.
 */
export async function verifyPostgres(url: string, config: IdentityConfig, progress: Progress): Promise<VerifyReport> {
	const pool = openPool(patient(readPostgresUrl(url)));
	const scratch = mkdtempSync(join(tmpdir(), "selfsame-verify-"));
	try {
		// Once: what was read is of a snapshot that a second attempt would not have.
		const options = { begin: readOnly, attempts: 1 };
		return await transact(
			pool,
			async (client) => {
				// This side of the connection is silent while the scratch file is written.
				await client.query("SET LOCAL idle_in_transaction_session_timeout = 0");
				const standing = await identityOf(client);
				const report = await verify(client, join(scratch, "rebuilt.db"), config, progress);
				if ((await identityOf(client)) === standing) return report;
				throw new StorageUnavailableError("The workspace was rebuilt meanwhile. Verify it again.");
			},
			options,
		);
	} finally {
		await pool.end();
		rmSync(scratch, { recursive: true, force: true });
	}
}

async function verify(
	client: PoolClient,
	rebuiltFile: string,
	config: IdentityConfig,
	progress: Progress,
): Promise<VerifyReport> {
	const run = createRunWork(client);
	await run(requireFinished());
	await run(requireRules(config));
	const target = openRestoreTarget(rebuiltFile, config, (await run(readMeta("hash_secret"))) as string);
	const source = { run, stored: createStoredWorkspace(postgresDialect) };
	let events = 0;
	const count = (done: number, total: number) => {
		events = total;
		progress(done, total);
	};
	try {
		await awaitSteps(restore({ source, target, config, progress: count }));
	} finally {
		target.close();
	}
	const rebuilt = createReader(rebuiltFile, config);
	try {
		const report = await compareProfiles(profilesTogether(client, config), profilesOf(rebuilt.listProfiles));
		return { events, ...report };
	} finally {
		rebuilt.close();
	}
}
