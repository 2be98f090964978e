import { serve } from "@hono/node-server";
import { Hono } from "hono";

/** The ceiling of single events: a Hono server that reads the body and answers, and does nothing else. */
const app = new Hono();
app.post("/v1/track", async (c) => {
	await c.req.text();
	return c.json({ success: true });
});
serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 }, ({ port }) => process.send?.({ port }));
