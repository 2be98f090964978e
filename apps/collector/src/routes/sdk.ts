import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { Hono } from "hono";
import { isKnown } from "../api/answerWithTag.ts";
import { problem } from "../problem.ts";
import { cors } from "./cors.ts";

/**
 * The browser SDK: at `/selfsame.js`, checked again after five minutes, and at an address that holds the hash of its
 * contents and never changes, for sites that pin it.
 *
 * @param file the built bundle; null answers 404 with what to do.
 */
export function sdkRoutes(file: string | null): Hono {
	const app = new Hono();
	const bundle = file === null ? null : readBundle(file);
	const headers = { "content-type": "text/javascript; charset=utf-8", "x-content-type-options": "nosniff", ...cors };
	const shared = { ...headers, "cross-origin-resource-policy": "cross-origin" };

	app.get("/selfsame.js", (c) => {
		if (!bundle) return problem("not_found", "The browser SDK is not built. Run `npm run build`, and start again.");
		const etag = `"${bundle.hash}"`;
		const cached = { ...shared, etag, "cache-control": "public, max-age=300, stale-while-revalidate=86400" };
		if (isKnown(etag, c.req.header("if-none-match"))) return c.body(null, 304, cached);
		// Beside this file, wherever a proxy shows it.
		return c.body(bundle.bytes, 200, { ...cached, link: `<selfsame-${bundle.hash}.js>; rel="immutable"` });
	});

	if (bundle) {
		app.get(`/selfsame-${bundle.hash}.js`, (c) =>
			c.body(bundle.bytes, 200, { ...shared, "cache-control": "public, max-age=31536000, immutable" }),
		);
	}
	return app;
}

/** One buffer for all answers: a text would be encoded for each, and wait so in each connection that reads slowly. */
function readBundle(file: string): { bytes: Buffer<ArrayBuffer>; hash: string } {
	const bytes = readFileSync(file);
	return { bytes, hash: createHash("sha256").update(bytes).digest("hex").slice(0, 16) };
}
