import { statSync } from "node:fs";
import type Database from "better-sqlite3";
import journal from "../../drizzle/sqlite/meta/_journal.json" with { type: "json" };

/** When this version's newest migration was written, ms. */
export const ownMigration = Math.max(...journal.entries.map(({ when }) => when));

const another = "DATABASE_URL=file:PATH names another.";
const noFile = (file: string) =>
	`${file} cannot be opened: it must be a file, in a folder that this user may write to.`;

/** @throws an error that says what to do when there is no such file: what only reads a workspace makes none. */
export function requireFile(file: string): void {
	const found = statSync(file, { throwIfNoEntry: false });
	if (!found) throw new Error(`There is no database at ${file}. ${another}`);
	if (!found.isFile()) throw new Error(noFile(file));
}

/** When the newest migration that a database has was written, ms; 0: the first was broken off; null: it is no workspace. */
export function newestMigration(database: Database.Database): number | null {
	const table = database.prepare("SELECT 1 FROM sqlite_master WHERE name = '__drizzle_migrations'").get();
	if (!table) return null;
	return (database.prepare("SELECT max(created_at) FROM __drizzle_migrations").pluck().get() as number | null) ?? 0;
}

/** What is in a file before this version makes it its own: nothing, or a workspace that is no newer. */
export function requireMigratable(database: Database.Database, file: string): void {
	const newest = newestMigration(database);
	if (newest !== null) {
		refuseNewer(newest, file);
		return;
	}
	const other = database.prepare("SELECT 1 FROM sqlite_master WHERE name NOT GLOB 'sqlite_*'").get();
	if (other) throw new Error(`${file} is the database of something else. ${another}`);
}

/** The same for whoever only reads: a workspace of this very version. */
export function requireCurrent(database: Database.Database, file: string): void {
	const newest = newestMigration(database);
	if (newest === null) throw new Error(`${file} holds no workspace. ${another}`);
	refuseNewer(newest, file);
	if (newest === ownMigration) return;
	const detail = "`selfsame doctor` brings it up to date, and keeps a copy of it as it was.";
	throw new Error(`${file} was written by an older version. ${detail}`);
}

/** What a newer version keeps there, an older one would not: it would be lost, or wrong from then on. */
function refuseNewer(newest: number, file: string): void {
	if (newest <= ownMigration) return;
	throw new Error(`${file} was written by a newer version. Run that one, or restore a backup from before the update.`);
}

const causes: [code: RegExp, what: (file: string) => string][] = [
	[/^SQLITE_NOTADB/, (file) => `${file} is no database. ${another}`],
	[/^SQLITE_CORRUPT/, (file) => `${file} is damaged. Restore a backup: \`selfsame backup --help\` says how.`],
	[/^(SQLITE_READONLY|EACCES|EPERM|EROFS)/, (file) => `${file} or its folder may not be written by this user.`],
	[/^(SQLITE_CANTOPEN|EEXIST|ENOTDIR)/, noFile],
];

/** Why a file could not be opened, in words that help, with the code of the error. */
export function explainOpening(error: unknown, file: string): unknown {
	const { code = "" } = error as { code?: string };
	const cause = causes.find(([codes]) => codes.test(code));
	return cause ? Object.assign(new Error(cause[1](file)), { code }) : error;
}
