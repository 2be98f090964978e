import type { Store } from "@selfsame/store";
import { Command } from "commander";
import { readWhen } from "./readWhen.ts";
import { withStore } from "./withStore.ts";

interface PurgeOptions {
	key: string;
	since: string;
	until?: string;
	dryRun?: boolean;
	reason: string;
}

/** `selfsame purge`: undoes what an abused write key brought. */
export function purgeCommand(env: Record<string, string | undefined>): Command {
	return new Command("purge")
		.description("take out the events that came in with a write key, as if they had never been sent")
		.requiredOption("--key <key>", "the write key; also one that was removed from its source")
		.requiredOption("--since <time>", "from when the collector received them: a date, or how long ago (90m, 4h, 2d)")
		.option("--until <time>", "to before when; left out: to now")
		.option("--dry-run", "only count them")
		.option("--reason <text>", "kept with the purge", "purged from the command line")
		.addHelpText(
			"after",
			`
A write key in a page is public, so anyone can send with it. After an attack:
  1. close the door: give the pages a new key, and remove the old one
  2. look: count what would go
  3. purge: profiles, links, traits, groups and counts are as the other events alone make them

Events of the key that were honest go too: name the time of the attack as narrowly as you can. The purge is one
transaction; a running server answers 503 meanwhile, and its clients send again. Purged events cannot be sent again
under the same messageId. What is in backups stays there.

Examples:
  $ selfsame sources add-key web
  $ selfsame sources remove-key web ssw_...
  $ selfsame purge --key ssw_... --since 2026-01-31T12:00:00Z --until 2026-01-31T13:30:00Z --dry-run
  $ selfsame purge --key ssw_... --since 4h --reason "bot attack"`,
		)
		.action((options: PurgeOptions) => purge(env, options));
}

function purge(env: Record<string, string | undefined>, { key, since, until, dryRun, reason }: PurgeOptions) {
	const at = Date.now();
	const from = readWhen("--since", since, at);
	const to = until === undefined ? undefined : readWhen("--until", until, at);
	if (to !== undefined && to <= from) throw new Error("--until must be later than --since.");
	const take = async (store: Store) => {
		const query = { key, since: from, ...(to === undefined ? {} : { until: to }) };
		const attribution = { actor: "command line", reason, at };
		const { events } = await store.purge(query, { dryRun: dryRun === true }, attribution);
		const range = `from ${new Date(from).toISOString()} to ${to === undefined ? "now" : new Date(to).toISOString()}`;
		const count = `${events} event${events === 1 ? "" : "s"}`;
		if (events === 0)
			console.log(`No event came in with this key ${range}. Check both; \`selfsame sources list\` shows keys.`);
		else
			console.log(
				dryRun ? `${count} came in with this key ${range}. Nothing was changed.` : `Purged ${count}, ${range}.`,
			);
	};
	return withStore(env, take, { mustExist: true });
}
