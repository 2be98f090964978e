import type { Context } from "hono";
import type { ProxyTrust } from "../auth/createProxyTrust.ts";
import { readPeer } from "../auth/readPeer.ts";
import type { Config } from "../config.ts";

/**
 * The address that the sender of a request reached this collector at, without a trailing slash: as configured, as a
 * trusted proxy says, or as the request says. It has the path that a proxy takes off.
 */
export function readPublicUrl(
	c: Context,
	{ publicUrl }: Pick<Config, "publicUrl">,
	proxies: Pick<ProxyTrust, "publicSide">,
): string {
	if (publicUrl) return new URL(publicUrl).href.replace(/\/$/, "");
	const url = new URL(c.req.url);
	const told = proxies.publicSide(readPeer(c), (name) => c.req.header(name));
	if (!told) return url.origin;
	const { scheme = url.protocol.slice(0, -1), host = url.host, prefix } = told;
	const outside = `${scheme}://${host}`;
	return (URL.canParse(outside) ? new URL(outside).origin : url.origin) + prefix;
}
