import type { MiddlewareHandler } from "hono";
import { problem } from "../problem.ts";
import { allows, type KeyRing, type Scope } from "./createKeyRing.ts";

/** What a guarded handler finds in its context. */
export interface GuardedVariables {
	/** The secret key's name, for attribution. */
	actor: string;
}

/** Lets a request through that carries a secret key with the scope: as Bearer, or as either part of Basic. */
export function guard(keyRing: KeyRing, scope: Scope): MiddlewareHandler<{ Variables: GuardedVariables }> {
	return async (c, next) => {
		let key = null;
		for (const candidate of readSecretKey(c.req.header("authorization"))) key ??= await keyRing.find(candidate);
		if (!key) {
			const detail = "Send the secret key as `Authorization: Bearer KEY`, or as the user name of Basic authentication.";
			return problem("invalid_key", detail, { "www-authenticate": 'Bearer realm="selfsame"' });
		}
		if (!allows(key, scope)) {
			return problem("missing_scope", `The key "${key.name}" lacks the scope \`${scope}\`. Use another key.`);
		}
		c.set("actor", key.name);
		await next();
		// Profiles are personal: no shared cache may keep them, and a page elsewhere may not frame or sniff them.
		c.header("cache-control", "private, no-cache");
		c.header("x-content-type-options", "nosniff");
		c.header("referrer-policy", "no-referrer");
		c.header("content-security-policy", "default-src 'none'; frame-ancestors 'none'");
		return undefined;
	};
}

function readSecretKey(authorization: string | undefined): string[] {
	const [, scheme = "", value = ""] = /^(\S+)\s+(\S+)\s*$/.exec(authorization ?? "") ?? [];
	if (scheme.toLowerCase() === "bearer") return [value];
	if (scheme.toLowerCase() !== "basic") return [];
	const [user = "", password = ""] = Buffer.from(value, "base64").toString("utf8").split(":", 2);
	return [user, password].filter((part) => part !== "");
}
