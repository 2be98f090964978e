import type { Profile } from "@selfsame/protocol";
import { type Difference, verifyStore } from "@selfsame/store";
import { Command } from "commander";
import { parseConfig, readConfig, toIdentityConfig } from "../config.ts";
import { readEnvironment } from "../environment.ts";
import { printProgress } from "./printProgress.ts";

type Env = Record<string, string | undefined>;

/** `selfsame verify`: whether every stored profile is what its events say. */
export function verifyCommand(env: Env): Command {
	return new Command("verify")
		.description("rebuild every profile from the events alone, compare, and exit 1 at any difference (SQLite)")
		.addHelpText(
			"after",
			`
Works on a copy in the system's temporary folder, so it may run beside a server, and needs about twice the database's
room there. Use it after a restore, after a crash that worries you, or every night on a backup.

Examples:
  $ selfsame verify
  $ DATABASE_URL=file:./backups/monday.db selfsame verify`,
		)
		.action(() => verify(env));
}

async function verify(env: Env): Promise<void> {
	const { databaseUrl, configFile } = readEnvironment(env);
	const identity = toIdentityConfig(configFile ? readConfig(configFile) : parseConfig({}));
	const report = await verifyStore(databaseUrl, { identity }, printProgress("events read"));
	for (const difference of report.differences) console.log(describe(difference));
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

/** Names the fields and not their values: a report may be passed on, what people are called may not. */
function describe({ id, stored, rebuilt }: Difference): string {
	if (!stored) return `${id}: missing, though its events are there`;
	if (!rebuilt) return `${id}: stored, though no events make it`;
	const fields = (Object.keys({ ...stored, ...rebuilt }) as (keyof Profile)[]).filter(
		(field) => JSON.stringify(stored[field]) !== JSON.stringify(rebuilt[field]),
	);
	return `${id}: differs in ${fields.join(", ")}`;
}
