import { createHash } from "node:crypto";
import type { Context } from "hono";
import { getCookie } from "hono/cookie";
import type { VisitorReader } from "./readVisitor.ts";

/** The SDK's first-party cookie with the anonymous id. */
const anonymousIdCookie = "selfsame_id";

/**
 * Answers with the profile of the caller's own cookie and of nobody else: there is no parameter. The secret key is
 * used on this side alone. Everyone in the shop is invented; a site with real people would ask for a signed session
 * before it shows what it knows, since an anonymous id proves no identity.
 */
export function visitorRoute(readVisitor: VisitorReader, isOwnHost: (host: string) => boolean = () => true) {
	return async (c: Context) => {
		if (!isOwnHost(c.req.header("host") ?? new URL(c.req.url).host)) {
			return c.json(
				{ error: "The panel answers under localhost and publicUrl alone, so that no other page reads it." },
				403,
			);
		}
		c.header("Cache-Control", "private, no-cache");
		c.header("Vary", "Cookie");
		const anonymousId = getCookie(c, anonymousIdCookie)?.trim();
		if (!anonymousId || anonymousId.length > 256)
			return c.json({ anonymousId: null, profile: null, events: [], links: [] });
		const view = await readVisitor(anonymousId).catch((error: unknown) => {
			console.error("The panel could not be filled:", error instanceof Error ? error.message : error);
			return null;
		});
		if (!view) return c.json({ error: "The profile cannot be read at the moment." }, 503);
		const body = JSON.stringify(view);
		const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;
		c.header("ETag", etag);
		if (c.req.header("If-None-Match") === etag) return c.body(null, 304);
		return c.body(body, 200, { "Content-Type": "application/json" });
	};
}
