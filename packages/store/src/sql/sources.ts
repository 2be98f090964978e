import type { JsonObject, Trust } from "@selfsame/protocol";
import type { SecretKey, Source } from "../port.ts";
import { all, run, type Work } from "./work.ts";

interface SourceColumns {
	id: string;
	name: string;
	trust: string;
	options: string;
}

interface SecretKeyColumns {
	id: string;
	name: string;
	hash: string;
	scopes: string;
	created_at: number;
	last_used_at: number | null;
}

const putSource = `INSERT INTO sources (id, name, trust, options) VALUES (?, ?, ?, ?) ON CONFLICT (id)
	DO UPDATE SET name = excluded.name, trust = excluded.trust, options = excluded.options`;
const putWriteKey =
	"INSERT INTO write_keys (key, source) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET source = excluded.source";
const putSecretKey = `INSERT INTO secret_keys (id, name, hash, scopes, created_at, last_used_at) VALUES (?, ?, ?, ?, ?, ?)
	ON CONFLICT (id) DO UPDATE SET name = excluded.name, hash = excluded.hash, scopes = excluded.scopes,
		created_at = excluded.created_at, last_used_at = excluded.last_used_at`;

/** Sources with their write keys, and secret keys as hashes. */
export const sources = {
	*listSources(): Work<Source[]> {
		const rows = yield* all<{ key: string; source: string | null }>("SELECT key, source FROM write_keys ORDER BY key");
		const keys = Map.groupBy(rows, ({ source }) => source);
		const found = yield* all<SourceColumns>("SELECT id, name, trust, options FROM sources ORDER BY id");
		return found.map(({ id, name, trust, options }) => ({
			id,
			name,
			trust: trust as Trust,
			options: JSON.parse(options) as JsonObject,
			writeKeys: (keys.get(id) ?? []).map(({ key }) => key),
		}));
	},
	*putSource({ id, name, trust, options, writeKeys }: Source): Work<void> {
		yield* run(putSource, id, name, trust, JSON.stringify(options));
		yield* run("UPDATE write_keys SET source = NULL WHERE source = ?", id);
		for (const key of writeKeys) yield* run(putWriteKey, key, id);
	},
	*listSecretKeys(): Work<SecretKey[]> {
		const rows = yield* all<SecretKeyColumns>(
			"SELECT id, name, hash, scopes, created_at, last_used_at FROM secret_keys ORDER BY created_at, id",
		);
		return rows.map(({ created_at, last_used_at, scopes, ...rest }) => ({
			...rest,
			scopes: JSON.parse(scopes) as string[],
			createdAt: created_at,
			lastUsedAt: last_used_at,
		}));
	},
	*putSecretKey({ id, name, hash, scopes, createdAt, lastUsedAt }: SecretKey): Work<void> {
		yield* run(putSecretKey, id, name, hash, JSON.stringify(scopes), createdAt, lastUsedAt);
	},
	*removeSecretKey(id: string): Work<boolean> {
		return (yield* run("DELETE FROM secret_keys WHERE id = ?", id)) > 0;
	},
	*touchSecretKey(id: string, at: number): Work<void> {
		yield* run("UPDATE secret_keys SET last_used_at = ? WHERE id = ?", at, id);
	},
};
