import { hash } from "node:crypto";
import type { Context } from "hono";
import { type GuardedVariables, privateHeaders } from "../auth/guard.ts";
import type { Answer } from "./route.ts";

/** For the description of routes that answer with a tag. */
export const tagHeaders = { etag: "Of this answer: send it back in `If-None-Match`." };
export const notModified: Answer = { description: "The answer is the one whose `ETag` was sent.", headers: tagHeaders };

/** Whether an `If-None-Match` names this tag. Weakly: proxies that compress answers make tags weak. */
export function isKnown(etag: string, ifNoneMatch: string | undefined): boolean {
	const sent = ifNoneMatch?.split(",").map((tag) => tag.trim().replace(/^W\//, "")) ?? [];
	return sent.includes(etag) || sent.includes("*");
}

const tagOf = (text: string) => `"${hash("sha256", text, "base64url").slice(0, 27)}"`;

/** An answer that stays the same: one buffer for all who ask, however many leave it unread. */
export interface FixedAnswer {
	body: Buffer<ArrayBuffer>;
	etag: string;
}

/** Writes a value down once, for `answerFixed`. */
export function fixAnswer(value: unknown): FixedAnswer {
	const text = JSON.stringify(value);
	return { body: Buffer.from(text), etag: tagOf(text) };
}

/** Answers with a value and its ETag, or 304 to whoever has it. The tag is that of the answer's very bytes. */
export function answerWithTag(c: Context<{ Variables: GuardedVariables }>, value: unknown): Response {
	const body = JSON.stringify(value);
	return answerFixed(c, { body, etag: tagOf(body) });
}

/** The same with what was written down before. */
export function answerFixed(
	c: Context<{ Variables: GuardedVariables }>,
	{ body, etag }: FixedAnswer | { body: string; etag: string },
): Response {
	// What needs no key has no request id, and is nobody's in particular.
	const requestId = c.get("requestId") as string | undefined;
	const headers = { ...(requestId === undefined ? {} : privateHeaders(requestId)), etag };
	c.set("hasHeaders", true);
	// Plain headers reach the socket as they are; those of `c.body` are a `Headers`, which costs a tenth of a profile's time.
	if (isKnown(etag, c.req.header("if-none-match"))) return new Response(null, { status: 304, headers });
	return new Response(body, { headers: { ...headers, "content-type": "application/json" } });
}
