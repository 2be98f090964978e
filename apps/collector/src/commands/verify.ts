import { verifyStore } from "@selfsame/store";
import { Command } from "commander";
import { parseConfig, readConfig, toIdentityConfig } from "../config.ts";
import { readEnvironment } from "../environment.ts";
import { describeDifference } from "./describeDifference.ts";
import { printProgress } from "./printProgress.ts";

type Env = Record<string, string | undefined>;

/** `selfsame verify`: whether every stored profile is what its events say. */
export function verifyCommand(env: Env): Command {
	return new Command("verify")
		.description("rebuild every profile from the events alone, compare, and exit 1 at any difference")
		.addHelpText(
			"after",
			`
Works in the system's temporary folder, so it may run beside a server, and needs about twice a SQLite file's room there,
or as much as PostgreSQL's tables take. Use it after a restore, after a crash that worries you, or every night on a backup.

Examples:
  $ selfsame verify
  $ DATABASE_URL=file:./backups/monday.db selfsame verify
  $ DATABASE_URL=postgres://selfsame:PASSWORD@db/selfsame selfsame verify`,
		)
		.action(() => verify(env));
}

async function verify(env: Env): Promise<void> {
	const { databaseUrl, configFile } = readEnvironment(env);
	const identity = toIdentityConfig(configFile ? readConfig(configFile) : parseConfig({}));
	const report = await verifyStore(databaseUrl, { identity }, printProgress("events read"));
	for (const difference of report.differences) console.log(describeDifference(difference));
	const scope = `${report.events} events, ${report.profiles} profiles`;
	if (report.differences.length === 0) {
		console.log(`${scope}: every profile is what its events say.`);
		return;
	}
	console.log(
		`${scope}: ${report.differences.length} profiles differ. Back up, then run \`selfsame rebuild\` to make them from their events.`,
	);
	process.exitCode = 1;
}
