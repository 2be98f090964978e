import type { Id, RequestLike } from "./server/types.ts";

/** What the middleware needs of a client of `selfsame/node`. */
export interface MiddlewareClient {
	fromRequest(request: RequestLike, options?: { userId?: Id | undefined }): { run<T>(fn: () => T): T };
}

export interface ExpressOptions<R> {
	/** The signed-in user of a request, where your code knows it: it becomes the `userId` of calls that name nobody. */
	userId?: (request: R) => Id | undefined;
}

/**
 * Middleware for Express and whatever else speaks `(request, response, next)`: every call of the client in a handler,
 * however deep, belongs to the visitor who sent the request.
 *
 * @example app.use(selfsame(client));
 */
export function selfsame<R extends RequestLike = RequestLike>(
	client: MiddlewareClient,
	options: ExpressOptions<R> = {},
) {
	return (request: R, _response: unknown, next: (error?: unknown) => void): void => {
		client.fromRequest(request, { userId: options.userId?.(request) }).run(() => next());
	};
}
