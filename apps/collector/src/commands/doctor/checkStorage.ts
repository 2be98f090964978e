import type { Store } from "@selfsame/store";
import type { Environment } from "../../environment.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";

/** ms. A backup older than this would lose more than people like to. */
const OLD = 7 * 24 * 60 * 60 * 1_000;

type Checked = Pick<Store, "ready" | "diagnostics" | "stats">;

/** Whether what is acknowledged is safe: written, synced, and backed up. */
export async function checkStorage(
	store: Checked,
	{ databaseUrl }: Pick<Environment, "databaseUrl">,
): Promise<Finding[]> {
	const isFile = databaseUrl.startsWith("file:");
	// A server's backups are its own; nothing here knows of them.
	return [await checkWrites(store), await checkSync(store, isFile), ...(isFile ? [await checkBackup(store)] : [])];
}

async function checkWrites(store: Pick<Store, "ready">): Promise<Finding> {
	try {
		await store.ready();
		return ok("The database takes writes.");
	} catch (error) {
		return fail(
			`The database takes no writes: ${(error as Error).message}`,
			"See the message; the server recovers by itself.",
		);
	}
}

async function checkSync(store: Checked, isFile: boolean): Promise<Finding> {
	const { durable } = await store.diagnostics();
	if (durable) return ok("Every commit is synced to disk before it is acknowledged.");
	const fix = isFile
		? "Put the database on a local disk; network shares do not sync."
		: "Set fsync, full_page_writes and synchronous_commit on in PostgreSQL.";
	return fail("Commits are not synced to disk.", fix);
}

async function checkBackup(store: Checked): Promise<Finding> {
	const { lastBackupAt } = await store.diagnostics();
	const fix =
		"selfsame backup /somewhere/else/selfsame-$(date +%F).db, every day (or your own tool; this knows its own).";
	if (lastBackupAt === null) {
		const { events } = await store.stats();
		return events === 0 ? ok("There is nothing to back up yet.") : warn("No backup was ever made.", fix);
	}
	const text = `The last backup was made ${new Date(lastBackupAt).toISOString()}.`;
	const age = Date.now() - lastBackupAt;
	if (age < 0)
		return warn(`${text} That is ahead: a clock was set since.`, `Check the system's clock, and make one: ${fix}`);
	return age > OLD ? warn(text, fix) : ok(text);
}
