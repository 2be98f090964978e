import { parseTime } from "@selfsame/protocol/schema";
import type { ProfileRef } from "@selfsame/store";
import type { Context } from "hono";
import { RequestError } from "../problem.ts";

/** Reads a profile reference from a path segment that is still percent-encoded: an id, or `type:value`. */
export function readRef(segment: string): ProfileRef {
	let ref: string;
	try {
		ref = decodeURIComponent(segment);
	} catch {
		throw new RequestError("invalid_request", "The profile reference is not valid percent-encoding.");
	}
	if (ref.startsWith("pro_")) return { id: ref };
	const colon = ref.indexOf(":");
	if (colon > 0 && colon < ref.length - 1) return { type: ref.slice(0, colon), value: ref.slice(colon + 1) };
	const detail = "Name a profile by its id (pro_...) or as type:value, percent-encoded, such as user_id:u1.";
	throw new RequestError("invalid_request", detail);
}

/** `limit` and `cursor` of a list: 1 to 1,000, default 50. */
export function readPage(c: Context): { limit: number; cursor?: string } {
	const limit = c.req.query("limit");
	const cursor = c.req.query("cursor");
	return { limit: limit === undefined ? 50 : readLimit(limit), ...(cursor ? { cursor } : {}) };
}

function readLimit(text: string): number {
	const limit = Number(text);
	if (/^\d+$/.test(text) && limit >= 1 && limit <= 1_000) return limit;
	throw new RequestError("invalid_request", "`limit` must be a whole number from 1 to 1000.");
}

/** An instant, ISO 8601 or ms since 1970; undefined when left out. */
export function readInstant(c: Context, name: string): number | undefined {
	const text = c.req.query(name);
	if (text === undefined || text === "") return undefined;
	// A `+` of a zone that was not percent-encoded arrives as a space.
	const time = parseTime(/^-?\d+$/.test(text) ? Number(text) : text.replace(/ (?=\d\d:?\d\d$)/, "+"));
	if (time !== null) return time;
	throw new RequestError("invalid_request", `\`${name}\` must be an ISO 8601 date such as 2026-01-31T12:00:00.000Z.`);
}

/** `asOf`, for reads. */
export function readAsOf(c: Context): { asOf?: number } {
	const asOf = readInstant(c, "asOf");
	return asOf === undefined ? {} : { asOf };
}

export function readBoolean(c: Context, name: string): boolean {
	const text = c.req.query(name);
	if (text === undefined || text === "false" || text === "0") return false;
	if (text === "" || text === "true" || text === "1") return true;
	throw new RequestError("invalid_request", `\`${name}\` must be true or false.`);
}

/** One of a set of words; undefined when left out. */
export function readChoice<T extends string>(c: Context, name: string, choices: readonly T[]): T | undefined {
	const text = c.req.query(name);
	if (text === undefined) return undefined;
	const choice = choices.find((candidate) => candidate === text);
	if (choice !== undefined) return choice;
	throw new RequestError("invalid_request", `\`${name}\` must be one of ${choices.join(", ")}.`);
}
