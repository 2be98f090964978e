import type { Context } from "hono";
import type { SourceBook } from "../auth/createSourceBook.ts";

/**
 * Any page may send events; the write key and the source's own origins decide. Without `Retry-After` exposed, a browser's
 * client cannot see it, and retries within a second.
 */
export const cors: Readonly<Record<string, string>> = {
	"access-control-allow-origin": "*",
	"access-control-expose-headers": "Retry-After, X-Request-Id",
};

/**
 * The same for one request: pages of an origin that a source shares cookies with may send them along, and then the
 * origin must be named.
 */
export async function corsFor(
	origin: string | undefined,
	{ sharesCookies }: Pick<SourceBook, "sharesCookies">,
): Promise<Readonly<Record<string, string>>> {
	if (origin === undefined || !(await sharesCookies(origin))) return cors;
	return {
		...cors,
		"access-control-allow-origin": origin,
		"access-control-allow-credentials": "true",
		vary: "Origin",
	};
}

/** Allows whatever headers a client asks for, for as long as browsers will remember it. */
export async function preflight(c: Context, sources?: Pick<SourceBook, "sharesCookies">): Promise<Response> {
	const allowed = sources ? await corsFor(c.req.header("origin"), sources) : cors;
	return new Response(null, {
		status: 204,
		headers: {
			...allowed,
			"access-control-allow-methods": "GET, POST, OPTIONS",
			"access-control-allow-headers": c.req.header("access-control-request-headers") ?? "*",
			"access-control-max-age": "86400",
			vary: "Origin, Access-Control-Request-Headers",
		},
	});
}
