import type { IdentityConfig } from "@selfsame/identity";
import type { PoolClient } from "pg";
import { canonicalRules } from "../sql/identityRules.ts";
import { readMeta } from "../sql/meta.ts";
import { type Progress, restore } from "../sql/restore.ts";
import { awaitSteps } from "../sql/steps.ts";
import { createStoredWorkspace } from "../sql/storedWorkspace.ts";
import { get } from "../sql/work.ts";
import { postgresDialect } from "./dialect.ts";
import { createBlockIds } from "./identifierIds.ts";
import { migratePostgres } from "./migrate.ts";
import { openPool, patient } from "./openPool.ts";
import { readPostgresUrl } from "./readUrl.ts";
import { createRestoreTarget } from "./restoreTarget.ts";
import { createRunWork } from "./runWork.ts";
import { readOnly } from "./transact.ts";
import { requireFinished } from "./unfinished.ts";
import { holdExclusive, lockExclusive } from "./workspaceLock.ts";

export interface RebuildOptions {
	url: string;
	config: IdentityConfig;
	progress: Progress;
	/** ms. */
	now: number;
}

/** The workspace in use, and the one that grows beside it. */
interface Site extends RebuildOptions {
	source: PoolClient;
	target: PoolClient;
	/** Names of their schemas. */
	schema: string;
	rebuilt: string;
}

/** PostgreSQL cuts longer ones off. */
const longestName = 63;

/** How often to begin anew because people were deleted meanwhile. */
const attempts = 3;

/**
 * Builds all profiles anew under other identity rules, in a schema beside the one in use, which is served until the two
 * change places. Writers wait while what came in meanwhile is caught up with; those that still have other rules are refused
 * from then on. An interrupted run goes on where it stopped when called again with the same rules.
 *
 * @returns the schema as it was, under its new name.
 */
export async function rebuildPostgres(options: RebuildOptions): Promise<string> {
	const { url, now } = options;
	const { schema } = readPostgresUrl(url);
	const rebuilt = `${schema}_rebuilt`;
	const previous = `${schema}_before_${new Date(now).toISOString().slice(0, 19).replaceAll(/[-:]/g, "").toLowerCase()}`;
	if (previous.length > longestName)
		throw new Error(`The name of the schema ${schema} is too long to rebuild beside it.`);
	const [sources, targets] = [url, besides(url, rebuilt)].map((each) => openPool(patient(readPostgresUrl(each))));
	if (!sources || !targets) throw new TypeError("two pools");
	try {
		const [source, target] = [await sources.connect(), await targets.connect()];
		try {
			// One side of it is silent while the other is at work.
			for (const client of [source, target]) await client.query("SET idle_in_transaction_session_timeout = 0");
			const site: Site = { ...options, source, target, schema, rebuilt };
			await rebuild(site, previous);
			return previous;
		} finally {
			for (const client of [source, target]) client.release(true);
		}
	} finally {
		await Promise.all([sources.end(), targets.end()]);
	}
}

function besides(url: string, schema: string): string {
	const other = new URL(url);
	other.searchParams.set("schema", schema);
	return other.href;
}

async function rebuild(site: Site, previous: string): Promise<void> {
	await createRunWork(site.source)(requireFinished());
	await holdExclusive(site.target, site.rebuilt);
	for (let attempt = 1; ; attempt += 1) {
		await migratePostgres(besides(site.url, site.rebuilt), site.now);
		if (await isStale(site)) {
			await site.target.query(`DROP SCHEMA "${site.rebuilt}" CASCADE`);
			if (attempt < attempts) continue;
			throw new Error("People are deleted again and again while this rebuilds. Try again later.");
		}
		await grow(site);
		if (await swap(site, previous)) return;
	}
}

/** A deletion must not be undone by a copy made before it, nor one set of rules go on from another. */
async function isStale({ source, target, config }: Site): Promise<boolean> {
	const run = createRunWork(target);
	const seen = await run(readMeta("restored_deletions"));
	if (seen === undefined) return false;
	const { deletions } = createStoredWorkspace(postgresDialect);
	const isOfOtherRules = (await run(readMeta("identity_rules"))) !== canonicalRules(config);
	return isOfOtherRules || Number(seen) !== (await createRunWork(source)(deletions()));
}

/** Brings the new schema as far as the one in use was when this began. */
async function grow(site: Site): Promise<void> {
	const { source } = site;
	await source.query(readOnly);
	try {
		// Events under way may have smaller numbers than some that are there already.
		const end = await createRunWork(source)(get<{ seq: number }>(postgresDialect.feedEnd));
		await restoreUpTo(site, end?.seq ?? 0);
	} finally {
		await source.query("ROLLBACK");
	}
}

/** Catches up while nobody writes, and puts the new schema in force. @returns false when it has to be made anew. */
async function swap(site: Site, previous: string): Promise<boolean> {
	const { source, schema, rebuilt } = site;
	await source.query("BEGIN");
	try {
		await source.query(lockExclusive);
		if (await isStale(site)) {
			await source.query("ROLLBACK");
			return false;
		}
		await restoreUpTo(site, Number.MAX_SAFE_INTEGER);
		// Those who drew identifiers' numbers before and have some left, and those who draw from now on, must not meet.
		await source.query(`SELECT setval('"${rebuilt}".identifier_ids', last_value) FROM "${schema}".identifier_ids`);
		await source.query(`INSERT INTO "${rebuilt}".meta SELECT * FROM "${schema}".meta WHERE name = 'seq_base'
			ON CONFLICT (name) DO UPDATE SET value = excluded.value`);
		await source.query(`DELETE FROM "${rebuilt}".meta WHERE name IN ('restored_deletions', 'unfinished')`);
		await source.query(`ALTER SCHEMA "${schema}" RENAME TO "${previous}"`);
		await source.query(`ALTER SCHEMA "${rebuilt}" RENAME TO "${schema}"`);
		await source.query("COMMIT");
		return true;
	} catch (error) {
		await source.query("ROLLBACK");
		throw error;
	}
}

async function restoreUpTo({ source, target: client, schema, config, progress }: Site, upTo: number): Promise<void> {
	const run = createRunWork(source);
	const secret = (await run(readMeta("hash_secret"))) as string;
	const ids = createBlockIds(`"${schema}".identifier_ids`);
	const target = await createRestoreTarget({ client, config, secret, ids, building: "rebuild" });
	const stored = createStoredWorkspace(postgresDialect);
	await awaitSteps(restore({ source: { run, stored, upTo }, target, config, progress }));
}
