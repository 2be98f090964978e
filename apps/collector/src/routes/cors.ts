import type { Context } from "hono";

/**
 * Any page may send events; the write key and the source's own origins decide. Without `Retry-After` exposed, a browser's
 * client cannot see it, and retries within a second.
 */
export const cors: Readonly<Record<string, string>> = {
	"access-control-allow-origin": "*",
	"access-control-expose-headers": "Retry-After, X-Request-Id",
};

/** Allows whatever headers a client asks for, for as long as browsers will remember it. */
export function preflight(c: Context): Response {
	return new Response(null, {
		status: 204,
		headers: {
			...cors,
			"access-control-allow-methods": "GET, POST, OPTIONS",
			"access-control-allow-headers": c.req.header("access-control-request-headers") ?? "*",
			"access-control-max-age": "86400",
			vary: "Access-Control-Request-Headers",
		},
	});
}
