import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { isKnown, notModified } from "../api/answerWithTag.ts";
import { error } from "../api/commonAnswers.ts";
import type { Api } from "../api/createApi.ts";
import { RequestError } from "../problem.ts";

/** Everything the page shows comes from this server, and it may send requests nowhere else. */
const policy = [
	"default-src 'none'",
	"script-src 'self'",
	"style-src 'self'",
	"img-src 'self' data:",
	"connect-src 'self'",
	"base-uri 'none'",
	"form-action 'none'",
	"frame-ancestors 'none'",
].join("; ");

const shared = {
	"content-security-policy": policy,
	"x-content-type-options": "nosniff",
	"referrer-policy": "no-referrer",
	"cross-origin-opener-policy": "same-origin",
};

/** Addresses are relative, so that the page works below a proxy's prefix too. */
const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Selfsame API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="docs"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
`;

// No validator badge, which would send the description away; the key stays in the page and goes with it.
const start = `SwaggerUIBundle({
	url: "openapi.json",
	dom_id: "#docs",
	deepLinking: true,
	validatorUrl: "none",
	docExpansion: "list",
	defaultModelsExpandDepth: 0,
	displayRequestDuration: true,
	tryItOutEnabled: true,
});
`;

/** The files beside the page, by name. */
const types = new Map([
	["swagger-ui.css", "text/css; charset=utf-8"],
	["swagger-ui-bundle.js", "text/javascript; charset=utf-8"],
	["start.js", "text/javascript; charset=utf-8"],
]);

/**
 * `GET /docs`: the description as a page to read and to try calls on.
 *
 * @param folder that of Swagger UI's files; null: they are not there, and the page says so.
 */
export function docsRoutes(api: Api, folder: string | null): void {
	const get = { method: "get", tag: "Operations", scope: null, tolerant: true } as const;
	const missing = error("It is not built.");
	/** One buffer for all answers: a text would be encoded for each, and wait so in each connection that reads slowly. */
	const known = new Map<string, { bytes: Buffer<ArrayBuffer>; etag: string }>();
	const load = (name: string) => {
		const bytes = name === "start.js" ? Buffer.from(start) : readFileSync(join(folder as string, name));
		return { bytes, etag: `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 27)}"` };
	};

	api.add(
		{
			...get,
			path: "/docs",
			id: "getDocs",
			summary: "This description as a page",
			answers: { 200: { description: "The page.", content: { "text/html": z.string() } }, 404: missing },
		},
		({ c }) => {
			if (folder === null) throw new RequestError("not_found", "The page is not built. `GET /openapi.json` is there.");
			return c.body(html, 200, { ...shared, "content-type": "text/html; charset=utf-8", "cache-control": "no-cache" });
		},
	);

	api.add(
		{
			...get,
			path: "/docs/{file}",
			id: "getDocsFile",
			summary: "The files of that page",
			answers: {
				200: { description: "A file.", content: { "text/css": z.string(), "text/javascript": z.string() } },
				304: notModified,
				404: missing,
			},
		},
		({ c, params: { file } }) => {
			const type = types.get(file);
			if (folder === null || type === undefined) throw new RequestError("not_found", "The page has no such file.");
			const { bytes, etag } = known.get(file) ?? load(file);
			known.set(file, { bytes, etag });
			const headers = { ...shared, etag, "content-type": type, "cache-control": "no-cache" };
			return isKnown(etag, c.req.header("if-none-match")) ? c.body(null, 304, headers) : c.body(bytes, 200, headers);
		},
	);
}
