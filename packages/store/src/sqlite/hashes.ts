import { createHmac, hash, randomBytes } from "node:crypto";
import type { Identifier } from "@selfsame/protocol";
import { parse, v5 } from "uuid";
import type { SqliteDatabase } from "./openDatabase.ts";

/** The name space of profile ids; never changes, or every profile would get another id. */
const profileNamespace = "6f2d6c1e-8d0b-5c57-9f0e-1f6a5e1f5e11";

/** The uuid that an identifier gives to a profile that begins with it. */
function identifierUuid({ type, value }: Identifier): string {
	return v5(`${type}\n${value}`, profileNamespace);
}

/** The id of a profile whose earliest identifier of its best type this is. A pure function of type and value. */
export function profileIdOf(identifier: Identifier): string {
	return `pro_${identifierUuid(identifier)}`;
}

/** The same as the database holds it. */
export function identifierKey(identifier: Identifier): Buffer {
	return Buffer.from(parse(identifierUuid(identifier)));
}

/** Recognises what was deleted without keeping it: a hash that only this workspace's secret can make. */
export interface KeyedHash {
	identifier(key: Buffer): Buffer;
	message(source: string, messageId: string): Buffer;
}

export function createKeyedHash(database: SqliteDatabase): KeyedHash {
	const secret = loadSecret(database);
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
export function createMessageKey(database: SqliteDatabase): (source: string, messageId: string) => string {
	const secret = loadSecret(database).toString("base64");
	// In one call and with text as its answer: the other ways to hash cost several times as much.
	return (source, messageId) => hash("sha256", `${secret}\n${source}\n${messageId}`, "base64").slice(0, 22);
}

function loadSecret(database: SqliteDatabase): Buffer {
	const fresh = randomBytes(32).toString("hex");
	database.prepare("INSERT OR IGNORE INTO meta (name, value) VALUES ('hash_secret', ?)").run(fresh);
	const value = database.prepare("SELECT value FROM meta WHERE name = 'hash_secret'").pluck().get() as string;
	return Buffer.from(value, "hex");
}
