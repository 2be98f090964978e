import { hash } from "node:crypto";

/** SHA-256, hex: how keys are looked up and, secret ones, stored. Keys are long and random, so no slow hash is needed. */
export function hashKey(key: string): string {
	return hash("sha256", key);
}
