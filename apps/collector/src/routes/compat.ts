import type { HttpBindings } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { readPeer } from "../auth/readPeer.ts";
import { readWriteKey } from "../auth/readWriteKey.ts";
import type { Deps } from "../deps.ts";
import { cors, preflight } from "./cors.ts";
import { readPublicUrl } from "./readPublicUrl.ts";

/** What the browser clients of Segment and RudderStack ask for before they send anything. */
export function compatRoutes({ sources, config, proxies, keyWatch }: Deps): Hono<{ Bindings: HttpBindings }> {
	const app = new Hono<{ Bindings: HttpBindings }>();
	const unknown = (c: Context) => {
		const address = proxies.clientAddress(readPeer(c), (name) => c.req.header(name));
		return keyWatch.refuse("write", address, "This write key belongs to no source here.").toResponse({ ...cors });
	};

	app.options("/v1/projects/:writeKey/settings", (c) => preflight(c));
	app.get("/v1/projects/:writeKey/settings", async (c) => {
		const writeKey = c.req.param("writeKey");
		if (!(await sources.find([writeKey]))) return unknown(c);
		const url = new URL(readPublicUrl(c, config, proxies));
		const apiHost = `${url.host}${url.pathname.replace(/\/$/, "")}/v1`;
		const segment = { apiKey: writeKey, apiHost, protocol: url.protocol.slice(0, -1) };
		const settings = {
			integrations: {
				"Segment.io": { ...segment, type: "server", unbundledIntegrations: [], addBundledMetadata: false },
			},
			plan: { track: {}, identify: {}, group: {} },
			edgeFunction: {},
			analyticsNextEnabled: true,
			// The client's reports about itself would be stored by nobody.
			metrics: { sampleRate: 0 },
		};
		return c.json(settings, 200, { ...cors, "cache-control": "private, no-cache" });
	});

	for (const path of ["/sourceConfig", "/sourceConfig/"]) {
		app.options(path, (c) => preflight(c));
		app.get(path, async (c) => {
			const found = await sources.find(
				readWriteKey(
					(name) => c.req.header(name),
					() => c.req.query("writeKey") ?? null,
				),
			);
			if (!found) return unknown(c);
			const { id, name } = found.source;
			const source = { id, name, writeKey: found.key, enabled: true, config: {}, destinations: [], connections: [] };
			return c.json({ source }, 200, { ...cors, "cache-control": "private, no-cache" });
		});
	}
	return app;
}
