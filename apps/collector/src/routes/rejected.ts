import { Hono } from "hono";
import { z } from "zod";
import { type GuardedVariables, guard } from "../auth/guard.ts";
import type { Deps } from "../deps.ts";
import { replayRejected } from "../ingest/replayRejected.ts";
import { readPage } from "./parameters.ts";
import { readJson } from "./readJson.ts";

const replaySchema = z.strictObject({
	ids: z.array(z.int().min(1)).min(1).max(1_000, "at most 1000 ids; ask again for the others").optional(),
	code: z.string().min(1).max(64).optional(),
});

/** The dead letter store: what was not accepted, with its reason, and another chance after the reason is gone. */
export function rejectedRoutes(deps: Deps): Hono<{ Variables: GuardedVariables }> {
	const app = new Hono<{ Variables: GuardedVariables }>();

	app.get("/v1/rejected", guard(deps, "read"), async (c) => {
		const code = c.req.query("code");
		const { data, page } = await deps.store.listRejected({ ...readPage(c), ...(code ? { code } : {}) });
		return c.json({
			data: data.map((letter) => ({ ...letter, receivedAt: new Date(letter.receivedAt).toISOString() })),
			page,
		});
	});

	app.post("/v1/rejected/replay", guard(deps, "admin"), async (c) => {
		const { ids, code } = await readJson(c, replaySchema);
		return c.json(await replayRejected(deps, { ...(ids ? { ids: new Set(ids) } : {}), ...(code ? { code } : {}) }));
	});

	return app;
}
