import type { HttpBindings } from "@hono/node-server";
import { Hono } from "hono";
import type { Deps } from "../deps.ts";
import { receive } from "../ingest/receive.ts";
import { cors, preflight } from "./cors.ts";
import { ingestPaths } from "./ingestPaths.ts";

/**
 * The ingest paths, as the clients of Segment, RudderStack and Jitsu know them. No middleware runs here: an event's way
 * is read, parse, commit, answer.
 */
export function collectRoutes(deps: Deps): Hono<{ Bindings: HttpBindings }> {
	const app = new Hono<{ Bindings: HttpBindings }>();
	for (const { path, shape } of ingestPaths) {
		app.post(path, (c) => receive(c, deps, shape));
		app.options(path, (c) => preflight(c, deps.sources));
	}
	// analytics.js reports on itself here; it only needs to be told that this worked.
	app.post(
		"/v1/m",
		() => new Response('{"success":true}', { headers: { "content-type": "application/json", ...cors } }),
	);
	app.options("/v1/m", (c) => preflight(c, deps.sources));
	return app;
}
