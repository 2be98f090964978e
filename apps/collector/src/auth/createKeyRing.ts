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
	/** Whether a key that was found is still there as it was: for what goes on long after it was asked. */
	isValid(key: SecretKey): Promise<boolean>;
}

/** How long a key removed elsewhere may take to be seen, the reading of keys not included. ms. */
const FRESH = 2_000;
/** An unknown key is looked for anew once what was read is this old: it may have been made since. ms. */
const FRESH_ENOUGH_TO_REFUSE = 1_000;
/** Last use is kept to the minute: exact enough to find a dead key, and no write for every read. ms. */
const TOUCH_EVERY = 60_000;

export function createKeyRing(
	store: Pick<Store, "listSecretKeys" | "touchSecretKey">,
	{ now, steadyNow }: { now(): number; steadyNow(): number },
): KeyRing {
	let keys: { key: SecretKey; hash: Buffer }[] = [];
	let loadedAt = Number.NEGATIVE_INFINITY;
	let loading: Promise<void> | null = null;
	const touched = new Map<string, number>();

	/** Nobody waits for it: a read must neither fail nor be late because this note cannot be written now. */
	function touch(id: string): void {
		const at = steadyNow();
		if (at - (touched.get(id) ?? Number.NEGATIVE_INFINITY) < TOUCH_EVERY) return;
		touched.set(id, at);
		store.touchSecretKey(id, now()).catch(() => touched.delete(id));
	}

	async function load(): Promise<void> {
		const at = steadyNow();
		keys = (await store.listSecretKeys()).map((key) => ({ key, hash: Buffer.from(key.hash, "hex") }));
		loadedAt = at;
	}

	/** Whoever asks while keys are being read waits for the same. */
	async function refresh(age: number): Promise<void> {
		if (steadyNow() - loadedAt < age) return;
		loading ??= load().finally(() => {
			loading = null;
		});
		await loading;
	}

	/** Every key is compared, in constant time: nothing tells which one nearly matched, or where it stands. */
	function match(key: string): SecretKey | null {
		const hash = Buffer.from(hashKey(key), "hex");
		const matches = keys.filter((candidate) => isEqual(candidate.hash, hash));
		return matches[0]?.key ?? null;
	}

	return {
		async find(key) {
			await refresh(FRESH);
			let found = match(key);
			if (!found) {
				await refresh(FRESH_ENOUGH_TO_REFUSE);
				found = match(key);
			}
			if (found) touch(found.id);
			return found;
		},
		async isValid({ id, hash, scopes }) {
			await refresh(FRESH);
			const same = keys.find(({ key }) => key.id === id && key.hash === hash);
			return same !== undefined && `${same.key.scopes}` === `${scopes}`;
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
