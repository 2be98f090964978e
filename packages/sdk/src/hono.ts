import type { Id, RequestLike, WaitOptions } from "./server/types.ts";

/** What the middleware needs of a client of `selfsame/node` or `selfsame/edge`. */
export interface MiddlewareClient {
	fromRequest(request: RequestLike, options?: { userId?: Id | undefined }): { run<T>(fn: () => T): T };
	flush(options?: WaitOptions): Promise<unknown>;
}

/** What it needs of Hono's `Context`. */
export interface HonoContext {
	req: { raw: { method: string; url: string; headers: { get(name: string): string | null } } };
	// biome-ignore lint/suspicious/noExplicitAny: the environment's type is the application's
	env: any;
	executionCtx: { waitUntil(promise: Promise<unknown>): void };
}

export interface HonoOptions<C extends HonoContext> {
	/** The signed-in user of a request, where your code knows it: it becomes the `userId` of calls that name nobody. */
	userId?: (c: C) => Id | undefined;
}

/**
 * Middleware for Hono: every call of the client in a handler, however deep, belongs to the visitor who sent the request.
 *
 * @example app.use(selfsame(client));
 */
export function selfsame<C extends HonoContext>(client: MiddlewareClient, options: HonoOptions<C> = {}) {
	return async (c: C, next: () => Promise<void>): Promise<void> => {
		const { method, url, headers } = c.req.raw;
		// On Node the adapter keeps the connection here, which knows the peer's address.
		const socket = c.env?.incoming?.socket;
		const visitor = client.fromRequest({ method, url, headers, socket }, { userId: options.userId?.(c) });
		try {
			await visitor.run(next);
		} finally {
			waitUntil(c)?.(client.flush());
		}
	};
}

/** Hono throws where the runtime has no execution context. */
function waitUntil(c: HonoContext): ((promise: Promise<unknown>) => void) | undefined {
	try {
		const context = c.executionCtx;
		return context.waitUntil.bind(context);
	} catch {
		return undefined;
	}
}
