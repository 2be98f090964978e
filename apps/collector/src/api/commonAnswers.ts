import type { Answer, Route } from "./route.ts";
import { problem } from "./views.ts";

/** The answers that a route gives because of what it is: what it reads can be wrong, its key can be missing. */
export function commonAnswers({ scope, path, query, body, idempotent }: Route): Record<number, Answer> {
	const reads = path.includes("{") || query !== undefined || body !== undefined;
	return {
		...(scope === null ? {} : { 400: error("The request is not valid; `detail` says what is expected.") }),
		...(reads ? { 400: error("The request is not valid; `detail` says what is expected.") } : {}),
		...(scope === null
			? {}
			: { 401: error("No secret key, or none of ours."), 403: error("The key lacks the scope.") }),
		...(body ? { 413: error("The body is too large.") } : {}),
		...(idempotent
			? {
					409: error("A request with this `Idempotency-Key` is being answered; ask again for its answer."),
					422: error("The `Idempotency-Key` was used for another request."),
				}
			: {}),
		500: error("A fault of the collector; its log says more under the answer's `X-Request-Id`."),
		503: error("Storage cannot take this now, or the server is stopping. Ask again later."),
	};
}

/** An error answer. */
export function error(description: string, headers?: Record<string, string>): Answer {
	return { description, content: { "application/problem+json": problem }, ...(headers ? { headers } : {}) };
}
