import type { Context } from "hono";
import type { z } from "zod";
import type { Scope } from "../auth/createKeyRing.ts";
import type { GuardedVariables } from "../auth/guard.ts";
import type { Mask } from "../privacy/createMask.ts";
import type { Reader } from "../privacy/createReader.ts";
import type { Parameters, QueryOf } from "../routes/parameters.ts";

export type JsonSchema = Record<string, unknown>;

/** One possible answer: what it means, and the shape of its body by media type (none: no body). */
export interface Answer {
	description: string;
	content?: Record<string, z.ZodType>;
	headers?: Record<string, string>;
}

/** The names in braces of a path template. */
export type PathNames<P extends string> = P extends `${string}{${infer Name}}${infer Rest}`
	? Name | PathNames<Rest>
	: never;

/**
 * What there is to know about a route: it is registered, its parameters are read, and `GET /openapi.json` is written from
 * this alone. Errors that follow from the rest (400, 401, 403, 413, ...) need no mention under `answers`.
 */
export interface Route<P extends string = string, Q extends Parameters = Parameters, B = unknown> {
	method: "get" | "post" | "delete";
	/** With names in braces, such as `/v1/profiles/{ref}/events`. */
	path: P;
	/** Unique; generated clients name their methods after it. */
	id: string;
	tag: "Profiles" | "Corrections" | "Groups" | "Events" | "Export" | "Operations" | "Ingest" | "Segment";
	/** One line, for lists. */
	summary: string;
	/** Markdown. */
	description?: string;
	/** What the secret key must allow; `write`: a write key is needed instead; null: none is. */
	scope: Scope | "write" | null;
	/** Whether a request from this machine itself needs no key: see `isLocal`. */
	openOnLoopback?: true;
	query?: Q;
	body?: z.ZodType<B>;
	/** Lets query parameters through that it does not know, for probes, scripts and clients that add their own. */
	tolerant?: boolean;
	/** The shape of its errors; default: `application/problem+json`. */
	errors?: "segment";
	/** By status. */
	answers: Record<number, Answer>;
	/** Whether `Idempotency-Key` makes a repetition harmless. */
	idempotent?: boolean;
}

/** A request as a handler finds it: authorised, and with its parts read and checked. */
export interface Call<P extends string = string, Q extends Parameters = Parameters, B = unknown> {
	c: Context<{ Variables: GuardedVariables }>;
	/** Percent-decoded once, whatever they hold. */
	params: Record<PathNames<P>, string>;
	/** Only what was sent, and what has a default. */
	query: QueryOf<Q>;
	body: B;
	/** What is stored, as this key may see it. Handlers that show anything about people read through this. */
	reader: Reader;
	/** What this key may not see, for handlers that read elsewhere. */
	mask: Mask;
	/** The key's name, for attribution. */
	actor: string;
}

/** `application/json`. */
export function json(schema: z.ZodType, description: string, headers?: Record<string, string>): Answer {
	return { description, content: { "application/json": schema }, ...(headers ? { headers } : {}) };
}
