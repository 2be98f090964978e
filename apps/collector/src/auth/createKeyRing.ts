import { timingSafeEqual } from "node:crypto";
import type { SecretKey, Store } from "@selfsame/store";
import { hashKey } from "./hashKey.ts";

/**
 * What a secret key may do, each including the ones before: `read` all but personal data, which comes masked; `pii:read`
 * that too; `admin` correct, delete and replay as well.
 */
export const scopes = ["read", "pii:read", "admin"] as const;
export type Scope = (typeof scopes)[number];

/** Who holds a secret key. */
export interface KeyRing {
	/** The key's record, or null when it is none of ours. */
	find(key: string): Promise<SecretKey | null>;
}

/** How long a key made or removed elsewhere may take to be seen. ms. */
const FRESH = 2_000;
/** Last use is kept to the minute: exact enough to find a dead key, and no write for every read. ms. */
const TOUCH_EVERY = 60_000;

export function createKeyRing(store: Pick<Store, "listSecretKeys" | "touchSecretKey">, now: () => number): KeyRing {
	let keys: { key: SecretKey; hash: Buffer }[] = [];
	let loadedAt = Number.NEGATIVE_INFINITY;
	let loading: Promise<void> | null = null;
	const touched = new Map<string, number>();

	async function touch(id: string): Promise<void> {
		const at = now();
		if (at - (touched.get(id) ?? Number.NEGATIVE_INFINITY) < TOUCH_EVERY) return;
		touched.set(id, at);
		// A read must not fail because this note could not be written.
		await store.touchSecretKey(id, at).catch(() => touched.delete(id));
	}

	async function load(): Promise<void> {
		keys = (await store.listSecretKeys()).map((key) => ({ key, hash: Buffer.from(key.hash, "hex") }));
		loadedAt = now();
	}

	return {
		async find(key) {
			if (now() - loadedAt >= FRESH) {
				// Whoever asks meanwhile waits for the same.
				loading ??= load().finally(() => {
					loading = null;
				});
				await loading;
			}
			const hash = Buffer.from(hashKey(key), "hex");
			// Every key is compared, in constant time: nothing tells which one nearly matched, or where it stands.
			const matches = keys.filter((candidate) => isEqual(candidate.hash, hash));
			const found = matches[0]?.key ?? null;
			if (found) await touch(found.id);
			return found;
		},
	};
}

function isEqual(a: Buffer, b: Buffer): boolean {
	return a.length === b.length && timingSafeEqual(a, b);
}

/** Whether a key may do what needs `scope`. */
export function allows(key: Pick<SecretKey, "scopes">, scope: Scope): boolean {
	return scopes.slice(scopes.indexOf(scope)).some((enough) => key.scopes.includes(enough));
}
