import { pluck, run, type Work } from "./work.ts";

type MetaName =
	| "identity_rules"
	| "hash_secret"
	| "restored_deletions"
	| "last_backup_at"
	| "ready"
	| "seq_base"
	| "unfinished";

/** What is noted of the workspace under a name. */
export function readMeta(name: MetaName): Work<string | undefined> {
	return pluck<string>("SELECT value FROM meta WHERE name = ?", name);
}

export function* putMeta(name: MetaName, value: string): Work<void> {
	const put = "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
	yield* run(put, name, value);
}
