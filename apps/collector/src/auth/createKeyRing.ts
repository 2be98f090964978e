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
	let keys: SecretKey[] = [];
	let loadedAt = Number.NEGATIVE_INFINITY;
	const touched = new Map<string, number>();

	async function touch(id: string): Promise<void> {
		const at = now();
		if (at - (touched.get(id) ?? Number.NEGATIVE_INFINITY) < TOUCH_EVERY) return;
		touched.set(id, at);
		// A read must not fail because this note could not be written.
		await store.touchSecretKey(id, at).catch(() => touched.delete(id));
	}

	return {
		async find(key) {
			if (now() - loadedAt >= FRESH) {
				keys = await store.listSecretKeys();
				loadedAt = now();
			}
			const hash = Buffer.from(hashKey(key), "hex");
			// Every key is compared, in constant time: nothing tells which one nearly matched, or where it stands.
			const matches = keys.filter((candidate) => isEqual(Buffer.from(candidate.hash, "hex"), hash));
			const found = matches[0] ?? null;
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
