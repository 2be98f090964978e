import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";

/** The address at the other end of a request's socket; undefined where there is no socket. */
export function readPeer(c: Context): string | undefined {
	return (c.env as Partial<HttpBindings> | undefined)?.incoming?.socket.remoteAddress;
}
