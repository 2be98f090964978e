import type { Problem } from "@selfsame/protocol";

/** Every code an error answer may carry, with its status and title. Stable: clients match on the code. */
const kinds = {
	invalid_json: { status: 400, title: "The body cannot be read" },
	invalid_request: { status: 400, title: "The request is not valid" },
	invalid_cursor: { status: 400, title: "The cursor is not valid" },
	filter_too_costly: { status: 400, title: "The filter asks for too much" },
	invalid_key: { status: 401, title: "The key is not valid" },
	missing_scope: { status: 403, title: "The key may not do this" },
	origin_not_allowed: { status: 403, title: "The origin may not send to this source" },
	not_found: { status: 404, title: "Not found" },
	method_not_allowed: { status: 405, title: "The path does not answer this method" },
	request_timeout: { status: 408, title: "The request took too long" },
	conflict: { status: 409, title: "This cannot be done to this profile" },
	request_in_progress: { status: 409, title: "The same request is being answered" },
	too_large: { status: 413, title: "The body is too large" },
	unsupported_encoding: { status: 415, title: "The encoding is not supported" },
	idempotency_key_reused: { status: 422, title: "The Idempotency-Key was used before" },
	rate_limited: { status: 429, title: "Too many requests" },
	overloaded: { status: 429, title: "Too much at once" },
	storage_unavailable: { status: 503, title: "Storage cannot take this now" },
	shutting_down: { status: 503, title: "The server is stopping" },
	internal_error: { status: 500, title: "Something went wrong in the collector" },
} as const;

export type ProblemCode = keyof typeof kinds;

/** All of them, for the API's description. */
export const problemCodes = Object.keys(kinds) as [ProblemCode, ...ProblemCode[]];

const PROBLEM_TYPE = "application/problem+json";

/**
 * An RFC 9457 answer.
 *
 * @param detail what is wrong and what to do, for a person. Holds nothing of what was sent.
 * @param headers such as `Retry-After`.
 */
export function problem(code: ProblemCode, detail: string, headers: Record<string, string> = {}): Response {
	const { body, ...init } = describeProblem(code, detail, headers);
	return new Response(body, init);
}

/** The parts of the same answer. */
function describeProblem(code: ProblemCode, detail: string, headers: Record<string, string>) {
	const { status, title } = kinds[code];
	const body: Problem = { type: "about:blank", title, status, code, detail };
	const own = { "content-type": PROBLEM_TYPE, "x-content-type-options": "nosniff", "cache-control": "no-store" };
	// Not Basic, which is taken as well: for that one browsers ask their user.
	const asked = status === 401 ? { "www-authenticate": 'Bearer realm="selfsame"' } : {};
	return { status, headers: { ...own, ...asked, ...headers }, body: JSON.stringify(body) };
}

/** Thrown where answering is someone else's business; the application turns it into its problem. */
export class RequestError extends Error {
	override readonly name = "RequestError";
	readonly code: ProblemCode;
	readonly headers: Record<string, string>;

	constructor(code: ProblemCode, detail: string, headers: Record<string, string> = {}) {
		super(detail);
		this.code = code;
		this.headers = headers;
	}

	toResponse(headers: Record<string, string> = {}): Response {
		return problem(this.code, this.message, { ...headers, ...this.headers });
	}

	/** The parts of its problem. */
	describe(headers: Record<string, string> = {}) {
		return describeProblem(this.code, this.message, { ...headers, ...this.headers });
	}
}
