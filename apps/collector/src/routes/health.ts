import { StorageUnavailableError } from "@selfsame/store";
import { Hono } from "hono";
import type { Deps } from "../deps.ts";
import { problem } from "../problem.ts";

/**
 * For whoever watches over the process: `/health` says that it runs, `/ready` that it can take events, `/metrics` how it
 * fares. They need no key and tell nothing about anyone.
 */
export function healthRoutes({ store, isStopping, metrics }: Deps): Hono {
	const app = new Hono();
	app.get("/health", (c) => c.json({ status: "ok" }));
	app.get("/ready", async (c) => {
		if (isStopping()) return problem("shutting_down", "The server is stopping.");
		try {
			await store.ready();
			return c.json({ status: "ready" });
		} catch (error) {
			if (!(error instanceof StorageUnavailableError)) throw error;
			return problem("storage_unavailable", error.message, { "retry-after": "5" });
		}
	});
	app.get("/metrics", async (c) => c.text(await metrics.render(), 200, { "content-type": metrics.contentType }));
	return app;
}
