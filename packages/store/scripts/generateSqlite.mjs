import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";

/**
 * Writes a migration from the schema (`pnpm generate:sqlite --name NAME`). drizzle cannot say WITHOUT ROWID, which
 * halves the tables that are nothing but their key, so that is put in here.
 */
const clustered = [
	"adjacent_users",
	"counters",
	"counting_evidence",
	"event_identifiers",
	"gone_messages",
	"group_writes",
	"limited_users",
	"memberships",
	"meta",
	"messages",
	"spans",
	"suppressed",
	"trait_writes",
];
const folder = new URL("../drizzle/sqlite/", import.meta.url);

execFileSync("drizzle-kit", ["generate", "--config", "drizzle.sqlite.config.ts", ...process.argv.slice(2)], {
	stdio: "inherit",
});
for (const name of readdirSync(folder).filter((file) => file.endsWith(".sql"))) {
	const file = new URL(name, folder);
	const sql = clustered.reduce(
		(text, table) => text.replace(new RegExp(`(CREATE TABLE \`${table}\` \\([^;]*\\));`), "$1 WITHOUT ROWID;"),
		readFileSync(file, "utf8"),
	);
	writeFileSync(file, sql);
}
