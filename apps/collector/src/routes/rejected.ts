import { z } from "zod";
import type { Api } from "../api/createApi.ts";
import { json } from "../api/route.ts";
import { named, pageOf, rejectedEvent } from "../api/views.ts";
import type { Deps } from "../deps.ts";
import { replayRejected } from "../ingest/replayRejected.ts";
import { page, text } from "./parameters.ts";

const replaySchema = z.strictObject({
	ids: z.array(z.int().min(1)).min(1).max(1_000, "at most 1000 ids; ask again for the others").optional(),
	code: z.string().min(1).max(64).optional(),
});

const count = z.int().min(0);
const replayAnswer = z.object({
	accepted: count,
	duplicates: count,
	dropped: count,
	remaining: z.array(z.object({ id: z.int(), code: z.string(), detail: z.string() })),
});

/** The dead letter store: what was not accepted, with its reason, and another chance after the reason is gone. */
export function rejectedRoutes(api: Api, deps: Deps): void {
	api.add(
		{
			method: "get",
			path: "/v1/rejected",
			id: "listRejected",
			tag: "Events",
			scope: "read",
			summary: "Events that were not accepted, newest first",
			query: { ...page, code: text("Only those rejected for this reason, such as `invalid_event`.") },
			answers: { 200: json(pageOf(rejectedEvent), "A page of rejected events.") },
		},
		async ({ c, query, reader }) => {
			const { data, page } = await reader.listRejected(query);
			const letters = data.map((letter) => ({ ...letter, receivedAt: new Date(letter.receivedAt).toISOString() }));
			return c.json({ data: letters, page });
		},
	);

	api.add(
		{
			method: "post",
			path: "/v1/rejected/replay",
			id: "replayRejected",
			tag: "Events",
			scope: "admin",
			summary: "Give rejected events another chance",
			description: "After the rules, the configuration or the collector were mended. What is refused again stays.",
			body: named("ReplayRequest", replaySchema),
			idempotent: true,
			answers: { 200: json(named("ReplayAnswer", replayAnswer), "What became of them.") },
		},
		async ({ c, body: { ids, code } }) =>
			c.json(await replayRejected(deps, { ...(ids ? { ids: new Set(ids) } : {}), ...(code ? { code } : {}) })),
	);
}
