import type { Problem } from "@selfsame/protocol";
import type { MiddlewareHandler } from "hono";
import { z } from "zod";
import { named } from "../api/views.ts";

/** Segment's errors: https://segment.com/docs/unify/profile-api/#errors */
export const segmentError = named(
	"SegmentError",
	z.object({ error: z.object({ code: z.string(), message: z.string() }) }),
);

/** Turns the problems that a route answers with into errors as Segment's readers know them. */
export const segmentErrors: MiddlewareHandler = async (c, next) => {
	await next();
	const requestId = c.res.headers.get("x-request-id");
	if (requestId !== null) c.header("request-id", requestId);
	if (!c.res.headers.get("content-type")?.startsWith("application/problem+json")) return;
	const { status, code, detail } = (await c.res.json()) as Problem;
	const body = { error: { code: codeOf(status, code), message: detail } };
	const headers = new Headers(c.res.headers);
	headers.set("content-type", "application/json");
	headers.delete("content-length");
	// Hono merges the headers of the answer that was there into a new one; undefined makes it forget that.
	c.res = undefined as never;
	c.res = new Response(JSON.stringify(body), { status, headers });
};

function codeOf(status: number, code: string): string {
	if (status === 401 || status === 403) return "authentication_error";
	if (status === 404) return "not_found";
	if (status === 429) return "rate_limit_error";
	if (status === 400) return "validation_error";
	return status < 500 ? "invalid_request_error" : code;
}
