import type { Context } from "hono";
import type { Config } from "../config.ts";

/** The address that the sender of a request reached this collector at, without a trailing slash. */
export function readPublicUrl(c: Context, config: Pick<Config, "publicUrl">): string {
	return config.publicUrl?.replace(/\/+$/, "") ?? new URL(c.req.url).origin;
}
