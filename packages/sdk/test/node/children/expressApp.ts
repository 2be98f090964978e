// An Express application of its own process: the conditions that tests resolve modules by would break Express itself.
import { setTimeout as pause } from "node:timers/promises";
import express from "express";
import { selfsame } from "../../../src/express.ts";
import { createClient } from "../../../src/node/index.ts";

const client = createClient({ writeKey: "WK", host: process.argv[2] as string });
const app = express();
app.use(selfsame(client));
app.get("/flush", async (_request, response) => {
	await client.flush();
	response.end();
});
app.get("/:request", (request, response) => {
	void deepInside(request.params.request).then(() => response.end());
});
const server = app.listen(0, "127.0.0.1", () => {
	process.stdout.write(`${(server.address() as { port: number }).port}\n`);
});

// The default of five seconds may end a connection just as a late request takes it up again.
server.keepAliveTimeout = 60_000;

async function deepInside(request: string): Promise<void> {
	await pause(Math.random() * 20);
	client.track({ event: "Deep", properties: { request } });
	await new Promise<void>((resolve) => setImmediate(resolve));
	client.identify({ traits: { request } });
}
