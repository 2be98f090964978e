import { serve } from "@hono/node-server";
import { Hono } from "hono";

/** The ceiling of single requests: a Hono server that reads the body and answers, and does nothing else. */
const app = new Hono();
let answer = "{}";
app.put("/answer", async (c) => {
	answer = await c.req.text();
	return c.body(null, 204);
});
app.get("/answer", (c) => c.body(answer, 200, { "content-type": "application/json" }));
app.post("/v1/track", async (c) => {
	await c.req.text();
	return c.json({ success: true });
});
serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 }, ({ port }) => process.send?.({ port }));
