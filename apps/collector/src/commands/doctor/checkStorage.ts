import type { Store } from "@selfsame/store";
import { type Finding, fail, ok, warn } from "./finding.ts";

/** ms. A backup older than this would lose more than people like to. */
const OLD = 7 * 24 * 60 * 60 * 1_000;

/** Whether what is acknowledged is safe: written, synced, and backed up. */
export async function checkStorage(store: Pick<Store, "ready" | "diagnostics" | "stats">): Promise<Finding[]> {
	return [await checkWrites(store), ...(await checkSync(store))];
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

async function checkSync(store: Pick<Store, "diagnostics" | "stats">): Promise<Finding[]> {
	const { durable, lastBackupAt } = await store.diagnostics();
	const synced = durable
		? ok("Every commit is synced to disk before it is acknowledged.")
		: fail("Commits are not synced to disk.", "Put the database on a local disk; network shares do not sync.");
	const fix =
		"selfsame backup /somewhere/else/selfsame-$(date +%F).db, every day (or your own tool; this knows its own).";
	if (lastBackupAt === null) {
		const { events } = await store.stats();
		return [synced, events === 0 ? ok("There is nothing to back up yet.") : warn("No backup was ever made.", fix)];
	}
	const text = `The last backup was made ${new Date(lastBackupAt).toISOString()}.`;
	return [synced, Date.now() - lastBackupAt > OLD ? warn(text, fix) : ok(text)];
}
