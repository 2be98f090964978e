import type { Store } from "@selfsame/store";
import { ConfigError } from "../config.ts";
import { scopes } from "./createKeyRing.ts";
import { hashKey } from "./hashKey.ts";
import { newKey } from "./newKey.ts";

export interface KeyOptions {
	/** The write key of the source `server`, which is believed: keep it secret. Generated when absent. */
	writeKey?: string | undefined;
	/** A secret key with all scopes. Generated when absent and the workspace has none. */
	apiKey?: string | undefined;
	/**
	 * The write key of the source `web`, which stands in pages. The source is made when this is given, and with a generated
	 * key where no write key is given and there is no source yet.
	 */
	webWriteKey?: string | undefined;
}

/** Keys that work now; null where the workspace had one already and only its hash is known. */
export interface EnsuredKeys {
	writeKey: string;
	apiKey: string | null;
	webWriteKey: string | null;
	/** Which of them were made just now, to be shown once. */
	generated: ("writeKey" | "apiKey" | "webWriteKey")[];
}

/** Makes sure that events can be sent and profiles read: with the keys given, else those stored, else new ones. */
export async function ensureKeys(
	store: Pick<Store, "listSources" | "putSource" | "listSecretKeys" | "putSecretKey">,
	options: KeyOptions,
	now: () => number,
): Promise<EnsuredKeys> {
	const generated: EnsuredKeys["generated"] = [];
	const sources = await store.listSources();
	const writeKeys = [options.writeKey, options.webWriteKey, ...sources.flatMap((source) => source.writeKeys)];
	// Write keys travel in pages and with every client: whoever has one must not be able to read.
	if (options.apiKey && writeKeys.includes(options.apiKey))
		throw new ConfigError("The secret key is a write key too. Use another: it reads and deletes everything.");
	const stored = sources.find(({ id }) => id === "server")?.writeKeys[0];
	if (!options.writeKey && !stored) generated.push("writeKey");
	const writeKey = options.writeKey || stored || newKey("write");
	await ensureWriteKey("server", "server", writeKey);
	let webWriteKey = options.webWriteKey || null;
	if (!webWriteKey && !options.writeKey && sources.length === 0) {
		webWriteKey = newKey("write");
		generated.push("webWriteKey");
	}
	if (webWriteKey) await ensureWriteKey("web", "client", webWriteKey);

	const secretKeys = await store.listSecretKeys();
	let apiKey = options.apiKey || null;
	if (!apiKey && secretKeys.length === 0) {
		apiKey = newKey("secret");
		generated.push("apiKey");
	}
	if (apiKey) await ensureSecretKey(apiKey);
	return { writeKey, apiKey, webWriteKey, generated };

	async function ensureWriteKey(id: string, trust: "server" | "client", key: string): Promise<void> {
		const source = sources.find((candidate) => candidate.id === id) ?? {
			id,
			name: id,
			trust,
			options: {},
			writeKeys: [],
		};
		if (source.writeKeys.includes(key)) return;
		const holder = sources.find((candidate) => candidate.writeKeys.includes(key));
		// One key for two sources would make what pages say believed, or what the backend says not.
		if (holder)
			throw new ConfigError(`The write key of source "${id}" is that of "${holder.id}" already. Use another.`);
		await store.putSource({ ...source, writeKeys: [...source.writeKeys, key] });
	}

	/** The environment's key has one place: another key given there takes it, and the former one ends. */
	async function ensureSecretKey(key: string): Promise<void> {
		const hash = hashKey(key);
		if (secretKeys.some((candidate) => candidate.hash === hash)) return;
		const id = generated.includes("apiKey") ? "generated" : "environment";
		await store.putSecretKey({ id, name: id, hash, scopes: [...scopes], createdAt: now(), lastUsedAt: null });
	}
}
