import { randomBytes } from "node:crypto";

const prefixes = { write: "ssw", secret: "sss" } as const;

/** A new key: 192 random bits behind a prefix that tells a write key from a secret one, in code and in leak scanners. */
export function newKey(kind: keyof typeof prefixes): string {
	return `${prefixes[kind]}_${randomBytes(24).toString("base64url")}`;
}
