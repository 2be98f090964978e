import { existsSync } from "node:fs";
import { copyStore, sqliteFile } from "@selfsame/store";
import { Command } from "commander";
import { parseConfig, readConfig, toIdentityConfig } from "../config.ts";
import { readEnvironment } from "../environment.ts";
import { describeDifference } from "./describeDifference.ts";
import { printProgress } from "./printProgress.ts";

interface CopyOptions {
	from: string;
	to?: string;
}

/** `selfsame copy`: from one machine's file to PostgreSQL. */
export function copyCommand(env: Record<string, string | undefined>): Command {
	return new Command("copy")
		.description("copy a SQLite file to PostgreSQL, and compare every profile")
		.requiredOption("--from <url>", "the SQLite file, as file:./data/selfsame.db; it may be in use")
		.option(
			"--to <url>",
			"an empty PostgreSQL schema, as postgres://USER:PASSWORD@HOST/DATABASE; left out: DATABASE_URL",
		)
		.addHelpText(
			"after",
			`
Everything is copied: events, corrections, what is left of deletions, sources, keys, rejected events. All profiles are
then made from the events, so this takes about as long as receiving them did; the configuration must be the one in
use. The source is only read, and needs as much room again beside it while this runs.

Called again, it goes on where it stopped, and takes along what the source got since. So, to move without a gap:
  1. copy, while the server goes on
  2. stop the server, and copy again: this takes a moment
  3. start with DATABASE_URL=postgres://...; clients send again what they could not send meanwhile

Until it has come to its end and every profile is the same, no server takes the target for a workspace. It exits 1 at
any difference.

A password in --to shows in the list of processes; one in DATABASE_URL does not.

Examples:
  $ selfsame copy --from file:./data/selfsame.db --to postgres://selfsame@db.example/selfsame
  $ DATABASE_URL=postgres://selfsame:PASSWORD@db.example/selfsame selfsame copy --from file:./data/selfsame.db`,
		)
		.action((options: CopyOptions) => copy(env, options));
}

async function copy(env: Record<string, string | undefined>, { from, to }: CopyOptions): Promise<void> {
	const { configFile, databaseUrl } = readEnvironment(env);
	const identity = toIdentityConfig(configFile ? readConfig(configFile) : parseConfig({}));
	if (from.startsWith("file:") && !existsSync(sqliteFile(from)))
		throw new Error(`There is no file ${sqliteFile(from)}.`);
	const report = await copyStore({ from, to: to ?? databaseUrl }, { identity }, printProgress("events copied"));
	const scope = `${report.events} events, ${report.profiles} profiles`;
	if (report.differences.length === 0) {
		console.log(`Copied: ${scope}. Every profile is the same.`);
		return;
	}
	for (const difference of report.differences) console.log(describeDifference(difference));
	console.log(`${scope}: ${report.differences.length} profiles differ. Run \`selfsame verify\` on both sides.`);
	process.exitCode = 1;
}
