// A small backend behind the middleware of a framework: argument `hono` or `express`. Prints its port.
import { createRequire } from "node:module";
import { createClient } from "../../../packages/sdk/dist/node/index.js";

const { host, writeKey, framework } = JSON.parse(process.argv[2]);
// The frameworks are the SDK's, for its tests: what is shipped depends on neither.
const require = createRequire(new URL("../../../packages/sdk/package.json", import.meta.url));
const client = createClient({ writeKey, host });

/** Deep in an application, where nobody passes a request along. */
async function signUp(user) {
	await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
	client.identify({ userId: user, traits: { plan: "pro" } });
	client.track({ userId: user, event: "Signed Up" });
}

if (framework === "express") {
	const { selfsame } = await import("../../../packages/sdk/dist/express.js");
	const app = require("express")();
	app.use(selfsame(client));
	app.post("/sign-up/:user", (request, response, next) => {
		signUp(request.params.user).then(() => response.end("ok"), next);
	});
	const server = app.listen(0, "127.0.0.1", () => console.log(server.address().port));
} else {
	const { selfsame } = await import("../../../packages/sdk/dist/hono.js");
	const { Hono } = require("hono");
	const app = new Hono();
	app.use(selfsame(client));
	app.post("/sign-up/:user", async (c) => {
		await signUp(c.req.param("user"));
		return c.text("ok");
	});
	require("@hono/node-server").serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) =>
		console.log(port),
	);
}
