import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";

/**
 * Writes a migration from the schema (`pnpm generate:postgres --name NAME`), and puts in what drizzle cannot say:
 * partitions, how tables are stored, and names without a schema, because the schema is the URL's to choose.
 */
const folder = new URL("../drizzle/postgres/", import.meta.url);

/**
 * Room on each page for new versions of its rows: an update whose new version fits beside the old one, and which
 * changes no indexed column, writes to no index.
 */
const roomForUpdates = { identifiers: 80, counters: 50 };

/**
 * By collector time, ms. Months have partitions of their own (`selfsame migrate` makes those that come next); what
 * belongs to none of them, such as what was copied in from earlier years, lies in the default one.
 */
const partitioned = { event_payloads: "received_at" };

const afterTable = (sql, table, clause, next = "") =>
	sql.replace(new RegExp(`(CREATE TABLE "${table}" \\([^;]*\\n\\));`), `$1 ${clause};${next}`);

execFileSync("drizzle-kit", ["generate", "--config", "drizzle.postgres.config.ts", ...process.argv.slice(2)], {
	stdio: "inherit",
});
for (const name of readdirSync(folder).filter((file) => file.endsWith(".sql"))) {
	const file = new URL(name, folder);
	let sql = readFileSync(file, "utf8").replaceAll('"public".', "");
	for (const [table, fill] of Object.entries(roomForUpdates)) {
		sql = afterTable(sql, table, `WITH (fillfactor = ${fill})`);
	}
	for (const [table, column] of Object.entries(partitioned)) {
		const rest = `\n--> statement-breakpoint\nCREATE TABLE "${table}_default" PARTITION OF "${table}" DEFAULT;`;
		sql = afterTable(sql, table, `PARTITION BY RANGE ("${column}")`, rest);
	}
	writeFileSync(file, sql);
}
