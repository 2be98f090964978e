import type { JsonObject } from "@selfsame/protocol";
import type { Source, Store } from "@selfsame/store";
import { Command, Option } from "commander";
import { newKey } from "../auth/newKey.ts";
import { findOptionFaults, optionNames } from "../auth/sourceOptions.ts";
import { readConfig } from "../config.ts";
import { readEnvironment } from "../environment.ts";
import { findNearest } from "../findNearest.ts";
import { printTable } from "./printTable.ts";
import { readName } from "./readName.ts";
import { withStore } from "./withStore.ts";

type Env = Record<string, string | undefined>;

/** `selfsame sources`: the places events come from, their write keys and options. */
export function sourcesCommand(env: Env): Command {
	const sources = new Command("sources").description(
		"list, create and change the sources of events and their write keys",
	);
	sources.addHelpText(
		"after",
		`
Options of a source (JSON values):
  ip                    "off", "truncated" or "kept": what becomes of addresses
  allowedOrigins        ["https://shop.example", "capacitor://localhost"]: pages that may send, by their origin as
                        browsers send it; unset: any
  serverCookie          {"origins": ["https://shop.example"], "domain": "shop.example"}: answers refresh the browser
                        SDK's cookie, for browsers that soon end what scripts wrote
  rateLimit             {"perKey": 1000, "perAddress": 20}: events a second
  identityVerification  "off", "monitor" or "enforce": whether a userId needs an identity token
  identitySecrets       {"KID": "a secret of at least 32 characters"}: two at once while rotating

Examples:
  $ selfsame sources create web --trust client
  $ selfsame sources set web allowedOrigins '["https://shop.example"]'
  $ selfsame sources set web identitySecrets '{"2026-01": "at least 32 random characters"}'
  $ selfsame sources set web identityVerification '"enforce"'
  $ selfsame sources unset web rateLimit
  $ selfsame sources add-key web
  $ selfsame sources remove-key web ssw_...`,
	);
	sources
		.command("list")
		.description("show the sources, their write keys and options")
		.action(() => listSources(env));
	sources
		.command("create")
		.argument("<id>", "a slug, such as web; events carry it for ever")
		.addOption(
			new Option("--trust <trust>", "server: its key is secret, and it is believed; client: its key stands in pages")
				.choices(["server", "client"])
				.makeOptionMandatory(),
		)
		.addOption(new Option("--name <name>", "for people; default: the id").argParser(readName))
		.description("make a source with a write key")
		.action((id: string, options: { trust: Source["trust"]; name?: string }) => createSource(env, id, options));
	sources
		.command("set")
		.argument("<id>")
		.argument("<option>")
		.argument("<json>")
		.description("set one option")
		.action((id: string, option: string, json: string) => setOption(env, id, option, json));
	sources
		.command("unset")
		.argument("<id>")
		.argument("<option>")
		.description("return one option to its default")
		.action((id: string, option: string) => setOption(env, id, option, null));
	sources
		.command("add-key")
		.argument("<id>")
		.description("make another write key; the former ones keep working")
		.action((id: string) => addKey(env, id));
	sources
		.command("remove-key")
		.argument("<id>")
		.argument("<key>")
		.description("end a write key; running servers notice within seconds")
		.action((id: string, key: string) => removeKey(env, id, key));
	return sources;
}

function listSources(env: Env): Promise<void> {
	return withStore(env, async (store) => {
		const rows = (await store.listSources()).map(({ id, name, trust, options, writeKeys }) => ({
			id,
			name,
			trust,
			"write keys": writeKeys.join(" "),
			options: JSON.stringify(hideSecrets(options)),
		}));
		printTable(rows, "There are no sources. `selfsame start` makes the first; `selfsame sources create` makes others.");
	});
}

function createSource(env: Env, id: string, { trust, name }: { trust: Source["trust"]; name?: string }): Promise<void> {
	if (!/^[a-z0-9][a-z0-9_-]{0,63}$/.test(id)) {
		throw new Error("A source's id has 1 to 64 lower-case letters, digits, `-` and `_`.");
	}
	// Under this one the server itself writes.
	if (id === "selfsame") throw new Error("The id selfsame is the server's own. Take another.");
	return withStore(env, async (store) => {
		const exists = (await store.listSources()).some((source) => source.id === id);
		if (exists)
			throw new Error(`There is a source ${id} already. \`selfsame sources add-key ${id}\` makes another key.`);
		const writeKey = newKey("write");
		await store.putSource({ id, name: name ?? id, trust, options: {}, writeKeys: [writeKey] });
		console.log(`Made the ${trust} source ${id}. Its write key:\n${writeKey}`);
	});
}

/** Options that would do nothing on a server source, and look as if they did. */
const forClients = ["identityVerification", "identitySecrets"];

function setOption(env: Env, id: string, option: string, json: string | null): Promise<void> {
	if (!optionNames.includes(option)) {
		const nearest = findNearest(option, optionNames);
		throw new Error(
			`There is no option ${option}. ${nearest ? `Did you mean ${nearest}?` : `Options: ${optionNames.join(", ")}.`}`,
		);
	}
	const value = json === null ? undefined : readOptionValue(option, json);
	const { configFile } = readEnvironment(env);
	const publicUrl = configFile ? readConfig(configFile).publicUrl : undefined;
	return withStore(env, async (store) => {
		const source = await getSource(store, id);
		if (value !== undefined && source.trust === "server" && forClients.includes(option))
			throw new Error(`${option} is for client sources: ${id} is a server source, which is believed without proof.`);
		const options: JsonObject = { ...source.options };
		if (value === undefined) delete options[option];
		else options[option] = value;
		// What was wrong before may stay so: one option at a time is put right.
		const before = findOptionFaults(source.options, publicUrl);
		const faults = findOptionFaults(options, publicUrl).filter((fault) => !before.includes(fault));
		if (faults.length > 0) throw new Error(faults.join("\n").replaceAll("sources set ID", `sources set ${id}`));
		await store.putSource({ ...source, options });
		console.log(`${id}: ${option} is ${json === null ? "back to its default" : "set"}. Servers notice within seconds.`);
	});
}

function readOptionValue(option: string, json: string): JsonObject[string] {
	try {
		return JSON.parse(json);
	} catch {
		throw new Error(
			`The value of ${option} must be JSON; put a text in double quotes inside single ones: '"enforce"'.`,
		);
	}
}

function addKey(env: Env, id: string): Promise<void> {
	return withStore(env, async (store) => {
		const source = await getSource(store, id);
		const key = newKey("write");
		await store.putSource({ ...source, writeKeys: [...source.writeKeys, key] });
		console.log(`${id} has another write key:\n${key}`);
	});
}

function removeKey(env: Env, id: string, key: string): Promise<void> {
	return withStore(env, async (store) => {
		const source = await getSource(store, id);
		if (!source.writeKeys.includes(key))
			throw new Error(`This is no write key of ${id}. \`selfsame sources list\` shows those there are.`);
		await store.putSource({ ...source, writeKeys: source.writeKeys.filter((candidate) => candidate !== key) });
		console.log(`${id}: the key is removed. Running servers refuse it within seconds.`);
	});
}

async function getSource(store: Store, id: string): Promise<Source> {
	const source = (await store.listSources()).find((candidate) => candidate.id === id);
	if (source) return source;
	throw new Error(`There is no source ${id}. \`selfsame sources list\` shows those there are.`);
}

function hideSecrets(options: JsonObject): JsonObject {
	const { identitySecrets } = options;
	if (typeof identitySecrets !== "object" || identitySecrets === null) return options;
	return {
		...options,
		identitySecrets: Object.fromEntries(Object.keys(identitySecrets).map((kid) => [kid, "(hidden)"])),
	};
}
