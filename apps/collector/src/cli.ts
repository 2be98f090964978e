#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { Command } from "commander";
import { backup } from "./commands/backup.ts";
import { copyCommand } from "./commands/copy.ts";
import { doctor } from "./commands/doctor.ts";
import { exportCommand } from "./commands/export.ts";
import { keysCommand } from "./commands/keys.ts";
import { migrateCommand } from "./commands/migrate.ts";
import { purgeCommand } from "./commands/purge.ts";
import { rebuildCommand } from "./commands/rebuild.ts";
import { sourcesCommand } from "./commands/sources.ts";
import { start } from "./commands/start.ts";
import { verifyCommand } from "./commands/verify.ts";
import { configJsonSchema } from "./config.ts";

const environmentHelp = `
Environment:
  PORT                 where to listen (4600; 0 picks a free port)
  HOST                 on which address (127.0.0.1; 0.0.0.0 for all)
  DATABASE_URL         file:PATH for SQLite (file:./data/selfsame.db), or postgres://...
  SELFSAME_WRITE_KEY   write key of the source "server", which is believed: keep it secret
  SELFSAME_API_KEY     secret key for the profile API
                       (at least 16 characters each, fewer on a loopback address alone; absent, they are made at the
                       first start and shown this once: on a terminal, else in a file whose path is printed)
  SELFSAME_CONFIG      a JSON file: identifiers, blockedValues, ... (selfsame config-schema)
  LOG_LEVEL            fatal, error, warn, info (default), debug or silent`;

const examples = `
Examples:
  $ selfsame start
  $ PORT=8080 HOST=0.0.0.0 DATABASE_URL=file:/var/lib/selfsame/events.db selfsame start
  $ curl -u "$SELFSAME_WRITE_KEY:" http://127.0.0.1:4600/v1/track \\
      -d '{"userId": "u1", "event": "Order Completed", "properties": {"revenue": 9.5}}'
  $ curl -H "Authorization: Bearer $SELFSAME_API_KEY" http://127.0.0.1:4600/v1/profiles/user_id:u1`;

const restoreHelp = `
Restore a backup:
  1. stop the server
  2. remove selfsame.db-wal and selfsame.db-shm beside the database: they belong to the file that goes
  3. copy the backup to where the database was
  4. check it: selfsame verify
  5. start the server

Example:
  $ selfsame backup /var/backups/selfsame-$(date +%F).db`;

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));

const program = new Command("selfsame")
	.description("A customer data platform in one process and one file.")
	.version(version)
	.showHelpAfterError("(selfsame --help shows what there is)")
	.showSuggestionAfterError()
	.addHelpText("after", `${environmentHelp}\n${examples}`);

program
	.command("start")
	.description("run the server until SIGTERM or SIGINT")
	.addHelpText("after", `${environmentHelp}\n${examples}`)
	.action(() => start(process.env));

program.addCommand(sourcesCommand(process.env));
program.addCommand(keysCommand(process.env));

program
	.command("backup")
	.argument("<file>", "a new file; an existing one is not written over")
	.description("write a consistent copy of the database, while the server runs if it does (SQLite)")
	.addHelpText("after", restoreHelp)
	.action((file: string) => backup(process.env, file));

program.addCommand(exportCommand(process.env));
program.addCommand(verifyCommand(process.env));
program.addCommand(rebuildCommand(process.env));
program.addCommand(purgeCommand(process.env));
program.addCommand(migrateCommand(process.env));
program.addCommand(copyCommand(process.env));

program
	.command("doctor")
	.description("check what goes wrong in practice, and name the fix for each")
	.action(() => doctor(process.env));

program
	.command("config-schema")
	.description("print the JSON Schema of the SELFSAME_CONFIG file")
	.action(() => console.log(JSON.stringify(configJsonSchema(), null, 2)));

inheritSettings(program);

// A reader that has seen enough (`| head`) and goes is no failure: what was asked for is still done.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
	if (error.code === "EPIPE") return;
	console.error(`selfsame: Standard output could not be written: ${error.message}`);
	process.exit(1);
});

/** Commands that were made elsewhere help after errors as well. */
function inheritSettings(command: Command): void {
	for (const inner of command.commands) inheritSettings(inner.copyInheritedSettings(command));
}

try {
	await program.parseAsync();
} catch (error) {
	console.error(`selfsame: ${error instanceof Error ? error.message : String(error)}`);
	process.exit(1);
}
