import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import type { ProxyTrust } from "../auth/createProxyTrust.ts";
import type { Config } from "../config.ts";

/**
 * The address that the sender of a request reached this collector at, without a trailing slash: as configured, as a
 * trusted proxy says, or as the request says. It has the path that a proxy takes off.
 */
export function readPublicUrl(
	c: Context<{ Bindings: HttpBindings }>,
	{ publicUrl }: Pick<Config, "publicUrl">,
	proxies: Pick<ProxyTrust, "publicSide">,
): string {
	if (publicUrl) return publicUrl.replace(/\/+$/, "");
	const url = new URL(c.req.url);
	const told = proxies.publicSide(c.env?.incoming?.socket.remoteAddress, (name) => c.req.header(name));
	if (!told) return url.origin;
	const { scheme = url.protocol.slice(0, -1), host = url.host, prefix } = told;
	const outside = `${scheme}://${host}`;
	return (URL.canParse(outside) ? new URL(outside).origin : url.origin) + prefix;
}
