import type { JsonObject, Trust } from "@selfsame/protocol";
import { eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/better-sqlite3";
import type { SecretKey, Source } from "../port.ts";
import type { SqliteDatabase } from "./openDatabase.ts";
import { secretKeys, sources, writeKeys } from "./schema.ts";

/** Sources with their write keys, and secret keys as hashes. */
export function createSources(database: SqliteDatabase) {
	const db = drizzle(database);
	return {
		listSources(): Source[] {
			const keys = Map.groupBy(db.select().from(writeKeys).orderBy(writeKeys.key).all(), (row) => row.source);
			return db
				.select()
				.from(sources)
				.orderBy(sources.id)
				.all()
				.map(({ id, name, trust, options }) => ({
					id,
					name,
					trust: trust as Trust,
					options: JSON.parse(options) as JsonObject,
					writeKeys: (keys.get(id) ?? []).map((row) => row.key),
				}));
		},
		putSource({ id, name, trust, options, writeKeys: keys }: Source): void {
			const row = { name, trust, options: JSON.stringify(options) };
			db.transaction((tx) => {
				tx.insert(sources)
					.values({ id, ...row })
					.onConflictDoUpdate({ target: sources.id, set: row })
					.run();
				tx.update(writeKeys).set({ source: null }).where(eq(writeKeys.source, id)).run();
				for (const key of keys) {
					tx.insert(writeKeys)
						.values({ key, source: id })
						.onConflictDoUpdate({ target: writeKeys.key, set: { source: id } })
						.run();
				}
			});
		},
		listSecretKeys(): SecretKey[] {
			return db
				.select()
				.from(secretKeys)
				.orderBy(secretKeys.createdAt, secretKeys.id)
				.all()
				.map((row) => ({ ...row, scopes: JSON.parse(row.scopes) as string[] }));
		},
		putSecretKey({ id, ...rest }: SecretKey): void {
			const row = { ...rest, scopes: JSON.stringify(rest.scopes) };
			db.insert(secretKeys)
				.values({ id, ...row })
				.onConflictDoUpdate({ target: secretKeys.id, set: row })
				.run();
		},
		removeSecretKey(id: string): boolean {
			return db.delete(secretKeys).where(eq(secretKeys.id, id)).run().changes > 0;
		},
		touchSecretKey(id: string, at: number): void {
			db.update(secretKeys).set({ lastUsedAt: at }).where(eq(secretKeys.id, id)).run();
		},
	};
}
