import { segmentError } from "../segment/segmentErrors.ts";
import { type Answer, json, type Route } from "./route.ts";
import { problem } from "./views.ts";

/** The answers that a route gives because of what it is: what it reads can be wrong, its key can be missing. */
export function commonAnswers({ errors, scope, path, query, body, idempotent }: Route): Record<number, Answer> {
	const refusal = (description: string) =>
		errors === "segment" ? json(segmentError, description) : error(description);
	const isSecret = scope !== null && scope !== "write";
	const reads = path.includes("{") || query !== undefined || body !== undefined;
	return {
		...(isSecret || reads ? { 400: refusal("The request is not valid; the answer says what is expected.") } : {}),
		...(isSecret
			? {
					401: refusal("No secret key, or none of ours."),
					403: refusal("The key lacks a scope."),
					429: refusal("Too many wrong keys from this address."),
				}
			: {}),
		...(errors === "segment" ? { 404: refusal("There is no such user or account.") } : {}),
		...(body
			? {
					408: refusal("The body took too long to arrive."),
					413: refusal("The body is too large."),
					415: refusal("The body is neither plain nor gzip."),
				}
			: {}),
		...(idempotent
			? {
					409: refusal("A request with this `Idempotency-Key` is being answered; ask again for its answer."),
					422: refusal("The `Idempotency-Key` was used for another request."),
				}
			: {}),
		500: refusal("A fault of the collector; its log says more under the answer's `X-Request-Id`."),
		503: refusal("Storage cannot take this now, or the server is stopping. Ask again later."),
	};
}

/** An error answer. */
export function error(description: string, headers?: Record<string, string>): Answer {
	return { description, content: { "application/problem+json": problem }, ...(headers ? { headers } : {}) };
}
