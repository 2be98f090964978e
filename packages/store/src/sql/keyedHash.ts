import { createHmac, hash, randomBytes } from "node:crypto";
import { pluck, run, type Work } from "./work.ts";

/** Recognises what was deleted without keeping it: a hash that only this workspace's secret can make. */
export interface KeyedHash {
	identifier(key: Buffer): Buffer;
	message(source: string, messageId: string): Buffer;
}

/** @param secret see `hashSecret`. */
export function createKeyedHash(secret: Buffer): KeyedHash {
	const hash = (text: string | Buffer) => createHmac("sha256", secret).update(text).digest().subarray(0, 16);
	return {
		identifier: (key) => hash(key),
		message: (source, messageId) => hash(`${source}\n${messageId}`),
	};
}

/**
 * What tells a message from every other, in 132 bits as base64. With the workspace's secret, so that it says nothing of
 * a message that was deleted.
 */
export function createMessageKey(secret: Buffer): (source: string, messageId: string) => string {
	const text = secret.toString("base64");
	// In one call and with text as its answer: the other ways to hash cost several times as much.
	return (source, messageId) => hash("sha256", `${text}\n${source}\n${messageId}`, "base64").slice(0, 22);
}

/** The workspace's secret, made where it has none yet. */
export function* hashSecret(): Work<Buffer> {
	const fresh = randomBytes(32).toString("hex");
	yield* run("INSERT INTO meta (name, value) VALUES ('hash_secret', ?) ON CONFLICT DO NOTHING", fresh);
	const value = yield* pluck<string>("SELECT value FROM meta WHERE name = 'hash_secret'");
	return Buffer.from(value as string, "hex");
}
