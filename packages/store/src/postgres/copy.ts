import type { IdentityConfig } from "@selfsame/identity";
import type { PoolClient } from "pg";
import { compareProfiles, profilesOf, type VerifyReport } from "../compareProfiles.ts";
import { requireRules } from "../sql/identityRules.ts";
import { readMeta } from "../sql/meta.ts";
import { type Progress, restore } from "../sql/restore.ts";
import { awaitSteps } from "../sql/steps.ts";
import { createStoredWorkspace } from "../sql/storedWorkspace.ts";
import { pluck, type Work } from "../sql/work.ts";
import { sqliteDialect } from "../sqlite/dialect.ts";
import { openReader, type SqliteDatabase } from "../sqlite/openDatabase.ts";
import { createReader } from "../sqlite/reader.ts";
import { createRunWork as createSqliteRunWork } from "../sqlite/runWork.ts";
import { copyAsOfNow, removeFiles } from "../sqlite/snapshotFile.ts";
import { createBlockIds } from "./identifierIds.ts";
import { migratePostgres } from "./migrate.ts";
import { openPool, patient } from "./openPool.ts";
import { profilesTogether } from "./profilesTogether.ts";
import { readPostgresUrl } from "./readUrl.ts";
import { requireIndexable } from "./requireIndexable.ts";
import { createRestoreTarget } from "./restoreTarget.ts";
import { createRunWork } from "./runWork.ts";
import { readOnly } from "./transact.ts";
import { markFinished } from "./unfinished.ts";
import { holdExclusive } from "./workspaceLock.ts";

export interface CopyOptions {
	/** The SQLite file that is copied; it may be in use. */
	file: string;
	/** Of the PostgreSQL workspace: a new one, or what an earlier run left. */
	url: string;
	config: IdentityConfig;
	progress: Progress;
	/** ms. */
	now: number;
}

/**
 * Copies a workspace from a SQLite file to PostgreSQL, where all profiles are made from the events, and then compares every
 * profile. Goes on where an earlier run stopped, and takes along what was stored at the source since then.
 */
export async function copyToPostgres({ file, url, config, progress, now }: CopyOptions): Promise<VerifyReport> {
	const settings = readPostgresUrl(url);
	// One moment of the source, however long this takes.
	const copy = await copyAsOfNow(file);
	const from = openReader(copy);
	const pool = openPool(patient(settings));
	try {
		requireCopyable(from, config);
		const client = await pool.connect();
		try {
			// It is silent while the source is read.
			await client.query("SET idle_in_transaction_session_timeout = 0");
			await holdExclusive(client, settings.schema);
			await migratePostgres(url, now);
			const events = await restoreFrom(from, client, config, progress);
			const comparison = await compare(copy, client, config);
			if (comparison.differences.length === 0) await createRunWork(client)(markFinished());
			return { events, ...comparison };
		} finally {
			// Not to be used again: it holds the lock.
			client.release(true);
		}
	} finally {
		await pool.end();
		from.close();
		removeFiles(copy);
	}
}

/** What is wrong with the source is told before anything is made at the target. */
function requireCopyable(from: SqliteDatabase, config: IdentityConfig): void {
	const run = createSqliteRunWork(from);
	run(requireRules(config));
	run(requireIndexable());
}

async function restoreFrom(
	from: SqliteDatabase,
	client: PoolClient,
	config: IdentityConfig,
	progress: Progress,
): Promise<number> {
	const run = createSqliteRunWork(from);
	const secret = run(readMeta("hash_secret")) as string;
	await requireOurs(createRunWork(client), run, secret);
	const target = await createRestoreTarget({ client, config, secret, ids: createBlockIds(), building: "copy" });
	let events = 0;
	const count = (done: number, total: number) => {
		events = total;
		progress(done, total);
	};
	const source = { run, stored: createStoredWorkspace(sqliteDialect) };
	await awaitSteps(restore({ source, target, config, progress: count }));
	await client.query("ANALYZE");
	return events;
}

/** What an earlier run left is the beginning of the source: as many events up to its last one, which is the same. */
function* traces(last: number) {
	const count = (sql: string, ...values: number[]) => pluck<number>(sql, ...values) as Work<number>;
	return {
		events: yield* count("SELECT count(*) FROM events WHERE seq <= ?", last),
		lastMessage: yield* pluck<string>("SELECT message_id FROM events WHERE seq = ?", last),
		corrections: yield* count("SELECT count(*) FROM corrections"),
		deletions: yield* count("SELECT count(*) FROM deletions"),
	};
}

/** Makes sure that the target is empty or an earlier run's, and has nothing of its own that would be lost. */
async function requireOurs(
	run: <T>(work: Work<T>) => Promise<T>,
	runSource: <T>(work: Work<T>) => T,
	secret: string,
): Promise<void> {
	const last = (await run(pluck<number>("SELECT coalesce(max(seq), 0) FROM events"))) as number;
	const deletionsThen = await run(readMeta("restored_deletions"));
	const mine = await run(traces(last));
	if (deletionsThen === undefined) {
		const settings = "SELECT (SELECT count(*) FROM sources) + (SELECT count(*) FROM secret_keys)";
		const inUse = mine.events + mine.corrections + mine.deletions + ((await run(pluck<number>(settings))) as number);
		if (inUse === 0) return;
		throw new Error("The target holds a workspace of its own. Name an empty one: another ?schema= in its URL will do.");
	}
	const theirs = runSource(traces(last));
	const isOfSource = (await run(readMeta("hash_secret"))) === secret;
	if (isOfSource && Number(deletionsThen) !== theirs.deletions) {
		throw new Error(
			"People were deleted at the source since this copy was begun, and must not come back. Drop the target's schema " +
				"and begin anew.",
		);
	}
	const isPart = mine.events === theirs.events && mine.lastMessage === theirs.lastMessage;
	if (isOfSource && isPart && mine.corrections <= theirs.corrections) return;
	throw new Error(
		"The target holds what the source does not have. Name an empty one: another ?schema= in its URL will do.",
	);
}

async function compare(copy: string, client: PoolClient, config: IdentityConfig) {
	const source = createReader(copy, config);
	await client.query(readOnly);
	try {
		return await compareProfiles(profilesOf(source.listProfiles), profilesTogether(client, config));
	} finally {
		source.close();
		await client.query("ROLLBACK");
	}
}
