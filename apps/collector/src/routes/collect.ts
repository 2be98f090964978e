import type { HttpBindings } from "@hono/node-server";
import type { EventType } from "@selfsame/protocol";
import { type Context, Hono } from "hono";
import type { Deps } from "../deps.ts";
import { receive } from "../ingest/receive.ts";
import { cors, preflight } from "./cors.ts";

const longForms: Record<string, EventType> = {
	track: "track",
	identify: "identify",
	page: "page",
	screen: "screen",
	group: "group",
	alias: "alias",
};
const shortForms: Record<string, EventType> = {
	t: "track",
	i: "identify",
	p: "page",
	s: "screen",
	g: "group",
	a: "alias",
};

/**
 * The ingest paths, as the clients of Segment, RudderStack and Jitsu know them. No middleware runs here: an event's way
 * is read, parse, commit, answer.
 */
export function collectRoutes(deps: Deps): Hono<{ Bindings: HttpBindings }> {
	const app = new Hono<{ Bindings: HttpBindings }>();
	const post = (path: string, handler: (c: Context<{ Bindings: HttpBindings }>) => Promise<Response> | Response) => {
		app.post(path, handler);
		app.options(path, (c) => preflight(c, deps.sources));
	};
	for (const path of ["/v1/batch", "/v1/import", "/v1/b", "/beacon/v1/batch"])
		post(path, (c) => receive(c, deps, "batch"));
	for (const [form, type] of [...Object.entries(longForms), ...Object.entries(shortForms)]) {
		post(`/v1/${form}`, (c) => receive(c, deps, type));
	}
	for (const form of [...Object.keys(longForms), "event"]) {
		post(`/api/s/${form}`, (c) => receive(c, deps, longForms[form] ?? "any"));
		post(`/api/s/s2s/${form}`, (c) => receive(c, deps, longForms[form] ?? "any"));
	}
	// analytics.js reports on itself here; it only needs to be told that this worked.
	post("/v1/m", () => new Response('{"success":true}', { headers: { "content-type": "application/json", ...cors } }));
	return app;
}
