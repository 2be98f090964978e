// A Cloudflare Worker: identity from the cookie, events after the response.
import { createClient } from "../../../packages/sdk/dist/edge/index.js";

export default {
	async fetch(request, env, ctx) {
		const client = createClient({ writeKey: env.KEY, host: env.HOST, waitUntil: (promise) => ctx.waitUntil(promise) });
		const visitor = client.fromRequest(request);
		visitor.track({ event: "Edge Hit", messageId: new URL(request.url).searchParams.get("id") });
		return new Response("ok");
	},
};
