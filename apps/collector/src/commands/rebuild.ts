import { rebuildStore } from "@selfsame/store";
import { Command } from "commander";
import { parseConfig, readConfig, toIdentityConfig } from "../config.ts";
import { readEnvironment } from "../environment.ts";
import { printProgress } from "./printProgress.ts";

type Env = Record<string, string | undefined>;

/** `selfsame rebuild`: all profiles anew, from the events, under the rules of the configuration. */
export function rebuildCommand(env: Env): Command {
	return new Command("rebuild")
		.description("make all profiles anew from the events, under the configuration's identity rules")
		.addHelpText(
			"after",
			`
Changed identifiers, blockedValues, maxUsersPerAnonymousId, maxUsersPerIdentifier or maxIdentifiersPerUser hold for the
past as well: the events are kept as they came, and this reads them again. What is new grows beside what is in use (as much room again), which is served
meanwhile; what was is kept. An interrupted rebuild goes on where it stopped.

SQLite: the new file takes its place at once where no server has the database open, else when the server next starts
with the changed configuration.

PostgreSQL: the new schema takes its place at once. Where the rules changed, servers that run with the old ones take in
nothing from then on: start them with the changed configuration. Drop the schema as it was when all is well.

Examples:
  $ SELFSAME_CONFIG=new.json selfsame rebuild
  $ SELFSAME_CONFIG=new.json selfsame start`,
		)
		.action(() => rebuild(env));
}

async function rebuild(env: Env): Promise<void> {
	const { databaseUrl, configFile } = readEnvironment(env);
	const identity = toIdentityConfig(configFile ? readConfig(configFile) : parseConfig({}));
	const { swapped, previous } = await rebuildStore(databaseUrl, { identity }, printProgress("events"));
	if (swapped) console.log(`The rebuilt profiles are in force. What was before: ${previous}`);
	else {
		console.log(
			"Rebuilt, and not in force yet: a server has the database open. Stop it; where the rules changed, starting it with " +
				"this configuration takes over the rebuilt file and what came in since; else run this again while it is stopped.",
		);
	}
}
