import { Command, InvalidArgumentError, Option } from "commander";
import { type Scope, scopes } from "../auth/createKeyRing.ts";
import { hashKey } from "../auth/hashKey.ts";
import { newKey } from "../auth/newKey.ts";
import { printTable } from "./printTable.ts";
import { readName } from "./readName.ts";
import { withStore } from "./withStore.ts";

type Env = Record<string, string | undefined>;

const scopeHelp =
	"what it may do, with commas between: read (personal data comes masked), pii:read (that too), admin (everything)";

/** `selfsame keys`: the secret keys that read profiles and correct them. */
export function keysCommand(env: Env): Command {
	const keys = new Command("keys").description("list, create and remove the secret keys of the profile API");
	keys.addHelpText(
		"after",
		`
Rotate a key: create the new one, move its users over, watch "last used" of the old one stand still, remove it.

Examples:
  $ selfsame keys create analysts --scopes read
  $ selfsame keys create support --scopes read,pii:read
  $ selfsame keys list
  $ selfsame keys remove key_3f9a2c51d0e7`,
	);
	keys
		.command("list")
		.description("show the keys: never the keys themselves")
		.action(() => listKeys(env));
	keys
		.command("create")
		.argument("<name>", "whose it is; corrections made with it are kept under this name", readName)
		.addOption(new Option("--scopes <list>", scopeHelp).argParser(readScopes).default(["read"], "read"))
		.description("make a key and print it, this once")
		.action((name: string, { scopes }: { scopes: Scope[] }) => createKey(env, name, scopes));
	keys
		.command("remove")
		.argument("<id>", "as the list shows it")
		.description("end a key; running servers notice within seconds")
		.action((id: string) => removeKey(env, id));
	return keys;
}

function listKeys(env: Env): Promise<void> {
	return withStore(env, async (store) => {
		const rows = (await store.listSecretKeys()).map(({ id, name, scopes, createdAt, lastUsedAt }) => ({
			id,
			name,
			scopes: scopes.join(", "),
			created: formatTime(createdAt),
			"last used": lastUsedAt === null ? "never" : formatTime(lastUsedAt),
		}));
		printTable(rows, "There are no secret keys. Make one with `selfsame keys create NAME --scopes read`.");
	});
}

function readScopes(list: string): Scope[] {
	const asked = list.split(",").map((word) => word.trim());
	const unknown = asked.find((word) => !scopes.some((known) => known === word));
	if (unknown === undefined) return scopes.filter((scope) => asked.includes(scope));
	throw new InvalidArgumentError(`"${unknown}" is no scope. There are ${scopes.join(", ")}.`);
}

function createKey(env: Env, name: string, scopes: Scope[]): Promise<void> {
	return withStore(env, async (store) => {
		const key = newKey("secret");
		const hash = hashKey(key);
		const id = `key_${hash.slice(0, 12)}`;
		await store.putSecretKey({ id, name, hash, scopes, createdAt: Date.now(), lastUsedAt: null });
		console.log(`Made ${id} ("${name}", ${scopes.join(" and ")}). This is the only time the key is shown:\n${key}`);
	});
}

function removeKey(env: Env, id: string): Promise<void> {
	return withStore(env, async (store) => {
		if (await store.removeSecretKey(id)) console.log(`Removed ${id}. Running servers refuse it within seconds.`);
		else throw new Error(`There is no key ${id}. \`selfsame keys list\` shows those there are.`);
	});
}

function formatTime(ms: number): string {
	return new Date(ms).toISOString();
}
