import { StorageUnavailableError } from "@selfsame/store";
import { Hono } from "hono";
import type { Deps } from "../deps.ts";
import { problem } from "../problem.ts";

/** For whoever watches over the process: `/health` says that it runs, `/ready` that it can take events. No key. */
export function healthRoutes({ store, isStopping }: Deps): Hono {
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
	return app;
}
