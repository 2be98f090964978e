import { type MigrationReport, migrateStore } from "@selfsame/store";
import { Command } from "commander";
import { readEnvironment } from "../environment.ts";

/** `selfsame migrate`: the tables of PostgreSQL, as this version needs them. */
export function migrateCommand(env: Record<string, string | undefined>): Command {
	return new Command("migrate")
		.description("make or update the tables in PostgreSQL, and the coming months' partitions of payloads")
		.addHelpText(
			"after",
			`
Starting a server does this too, and any number may start at once: one migrates while the others wait. Run it by itself
to see what it does before new servers start, or where the servers' user may not change tables. Running servers go on
meanwhile; it never waits long for a lock, because others would wait behind it.

Everything is in one schema, "selfsame" unless DATABASE_URL says ?schema=NAME. Where that exists, no right to make
schemas is needed.

Partitions: payloads lie in one table for each month, so that old ones can be dropped at once. A server makes those of
this month and the next two, every day.

Examples:
  $ DATABASE_URL=postgres://selfsame:PASSWORD@db/selfsame selfsame migrate
  $ DATABASE_URL="postgres://owner:PASSWORD@db/selfsame?schema=shop" selfsame migrate`,
		)
		.action(() => migrate(env));
}

async function migrate(env: Record<string, string | undefined>): Promise<void> {
	const report = await migrateStore(readEnvironment(env).databaseUrl, Date.now());
	for (const line of describe(report)) console.log(line);
}

function describe({ schema, migrations, partitions }: MigrationReport): string[] {
	if (migrations.length === 0 && partitions.length === 0) return [`Schema ${schema}: nothing to do.`];
	return [
		...migrations.map((name) => `Schema ${schema}: applied ${name}.`),
		...partitions.map((name) => `Schema ${schema}: made the partition ${name}.`),
	];
}
