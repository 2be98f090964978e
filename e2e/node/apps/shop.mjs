// A small backend behind the middleware of a framework: argument `hono` or `express`. Prints its port.
import { createClient } from "../../../packages/sdk/dist/node/index.js";

const { host, writeKey, framework } = JSON.parse(process.argv[2]);
const client = createClient({ writeKey, host });

/** Deep in an application, where nobody passes a request along. */
async function signUp(user) {
	await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
	client.identify({ userId: user, traits: { plan: "pro" } });
	client.track({ userId: user, event: "Signed Up" });
}

if (framework === "express") {
	const { selfsame } = await import("../../../packages/sdk/dist/express.js");
	const { default: express } = await import("express");
	const app = express();
	app.use(selfsame(client));
	app.post("/sign-up/:user", (request, response, next) => {
		signUp(request.params.user).then(() => response.end("ok"), next);
	});
	const server = app.listen(0, "127.0.0.1", () => console.log(server.address().port));
} else {
	const { selfsame } = await import("../../../packages/sdk/dist/hono.js");
	const [{ Hono }, { serve }] = await Promise.all([import("hono"), import("@hono/node-server")]);
	const app = new Hono();
	app.use(selfsame(client));
	app.post("/sign-up/:user", async (c) => {
		await signUp(c.req.param("user"));
		return c.text("ok");
	});
	serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) => console.log(port));
}
