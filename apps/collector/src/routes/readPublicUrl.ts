import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import type { ProxyTrust } from "../auth/createProxyTrust.ts";
import type { Config } from "../config.ts";

/**
 * The address that the sender of a request reached this collector at, without a trailing slash: as configured, as a
 * trusted proxy says, or as the request says.
 */
export function readPublicUrl(
	c: Context<{ Bindings: HttpBindings }>,
	{ publicUrl }: Pick<Config, "publicUrl">,
	proxies: Pick<ProxyTrust, "isTrusted">,
): string {
	if (publicUrl) return publicUrl.replace(/\/+$/, "");
	const url = new URL(c.req.url);
	if (!proxies.isTrusted(c.env?.incoming?.socket.remoteAddress)) return url.origin;
	const scheme = c.req.header("x-forwarded-proto") === "https" ? "https" : url.protocol.slice(0, -1);
	return `${scheme}://${readHost(c.req.header("x-forwarded-host")) ?? url.host}`;
}

/** The first of a list of hosts, if it is one. */
function readHost(header: string | undefined): string | null {
	const host = header?.split(",")[0]?.trim() ?? "";
	return /^[A-Za-z0-9.:[\]-]{1,255}$/.test(host) ? host : null;
}
