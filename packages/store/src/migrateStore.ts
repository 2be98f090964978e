import { type MigrationReport, migratePostgres } from "./postgres/migrate.ts";
import { isPostgresUrl } from "./postgres/readUrl.ts";

export type { MigrationReport } from "./postgres/migrate.ts";

/**
 * Brings a PostgreSQL database to what this version needs. Opening a store does so too; this does it ahead of time, and
 * as another user than the collectors'.
 *
 * @param now ms; payloads of its month and of the next two get partitions.
 */
export async function migrateStore(url: string, now: number): Promise<MigrationReport> {
	if (isPostgresUrl(url)) return migratePostgres(url, now);
	throw new Error(
		"A SQLite file is migrated when it is opened. This is for PostgreSQL: set DATABASE_URL=postgres://...",
	);
}
