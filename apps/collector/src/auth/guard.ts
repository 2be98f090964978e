import type { HttpBindings } from "@hono/node-server";
import type { SecretKey } from "@selfsame/store";
import type { MiddlewareHandler } from "hono";
import { routePath } from "hono/route";
import { vouchFor } from "../connections.ts";
import type { Deps } from "../deps.ts";
import { problem } from "../problem.ts";
import { nextRequestId } from "../routes/requestId.ts";
import { allows, type Scope } from "./createKeyRing.ts";
import { readPeer } from "./readPeer.ts";

/** What a guarded handler finds in its context. */
export interface GuardedVariables {
	/** The secret key's name, for attribution. */
	actor: string;
	/** The secret key's id. */
	keyId: string;
	secretKey: SecretKey;
	/** Whether the key may see personal data. */
	seesPersonal: boolean;
	requestId: string;
	/** Said by whoever gave the answer its `privateHeaders` itself: adding them to a finished one costs as much as it. */
	hasHeaders: boolean;
}

/** Profiles are personal: no shared cache may keep them, and a page elsewhere may not frame or sniff them. */
export const privateHeaders = (requestId: string) => ({
	"x-request-id": requestId,
	"cache-control": "private, no-store",
	"x-content-type-options": "nosniff",
	"referrer-policy": "no-referrer",
	"content-security-policy": "default-src 'none'; frame-ancestors 'none'",
});

/** Lets a request through that carries a secret key with the scope: as Bearer, or as either part of Basic. */
export function guard(
	{ keyRing, keyWatch, proxies, log, steadyNow }: Pick<Deps, "keyRing" | "keyWatch" | "proxies" | "log" | "steadyNow">,
	scope: Scope,
): MiddlewareHandler<{ Variables: GuardedVariables }> {
	return async (c, next) => {
		const [requestId, start] = [nextRequestId(), steadyNow()];
		let key = null;
		for (const candidate of readSecretKey(c.req.header("authorization"))) key ??= await keyRing.find(candidate);
		if (!key) {
			const detail = "Send the secret key as `Authorization: Bearer KEY`, or as the user name of Basic authentication.";
			const address = proxies.clientAddress(readPeer(c), (name) => c.req.header(name));
			const refusal = keyWatch.refuse("secret", address, detail);
			await keyWatch.holdUp(address);
			return refusal.toResponse({ "x-request-id": requestId });
		}
		if (!allows(key, scope)) {
			keyWatch.forbid();
			return problem(
				"missing_scope",
				`The key "${key.name}" lacks the scope \`${scope}\`. Make one that has it: \`selfsame keys create NAME --scopes ${scope}\`.`,
				{
					"x-request-id": requestId,
				},
			);
		}
		vouchFor((c.env as Partial<HttpBindings> | undefined)?.incoming?.socket);
		c.set("requestId", requestId);
		c.set("actor", key.name);
		c.set("keyId", key.id);
		c.set("secretKey", key);
		c.set("seesPersonal", allows(key, "pii:read"));
		await next();
		// The route's pattern, never its path: what stands in a path may be somebody's address.
		const ms = Math.round(steadyNow() - start);
		const answer = { requestId, method: c.req.method, route: routePath(c), status: c.res.status, ms };
		log.info({ ...answer, key: key.name }, "answered");
		if (!c.get("hasHeaders")) {
			for (const [name, value] of Object.entries(privateHeaders(requestId))) c.header(name, value);
		}
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
