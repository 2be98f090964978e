import type { HttpBindings } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { vouchFor } from "../connections.ts";
import type { Deps } from "../deps.ts";
import { headerOf } from "../ingest/createIngestListener.ts";
import type { IngestRequest, IngestResponse } from "../ingest/message.ts";
import { readIncoming, readStream } from "../ingest/readBody.ts";
import { receive } from "../ingest/receive.ts";
import { cors, preflight } from "./cors.ts";
import { ingestPaths } from "./ingestPaths.ts";

/**
 * The ingest paths, as the clients of Segment, RudderStack and Jitsu know them, for whoever has a `Request`;
 * what comes over a socket does not get here: see `createIngestListener`.
 */
export function collectRoutes(deps: Deps): Hono<{ Bindings: HttpBindings }> {
	const app = new Hono<{ Bindings: HttpBindings }>();
	for (const { path, shape } of ingestPaths) {
		app.post(path, async (c) => toResponse(await receive(toIngestRequest(c), deps, shape)));
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

function toIngestRequest(c: Context<{ Bindings: HttpBindings }>): IngestRequest {
	const incoming = c.env?.incoming;
	const { pathname, search } = new URL(c.req.url);
	return {
		header: (name) => (incoming ? headerOf(incoming, name) : c.req.header(name)),
		url: pathname + search,
		peer: incoming?.socket.remoteAddress,
		readBody: (options) => (incoming ? readIncoming(incoming, options) : readStream(c.req.raw.body, options)),
		vouch: () => vouchFor(incoming?.socket),
	};
}

function toResponse({ status, headers, body }: IngestResponse): Response {
	const pairs = Object.entries(headers).flatMap(([name, value]) =>
		[value].flat().map((one): [string, string] => [name, one]),
	);
	return new Response(body, { status, headers: pairs });
}
