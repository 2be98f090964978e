import { type Context, type Handler, Hono, type MiddlewareHandler } from "hono";
import type { z } from "zod";
import type { Scope } from "../auth/createKeyRing.ts";
import { type GuardedVariables, guard } from "../auth/guard.ts";
import { isLocal } from "../auth/isLocal.ts";
import { readPeer } from "../auth/readPeer.ts";
import type { Deps } from "../deps.ts";
import { createMask, noMask } from "../privacy/createMask.ts";
import { createReader } from "../privacy/createReader.ts";
import { type Parameters, readPath, readQuery } from "../routes/parameters.ts";
import { readJson } from "../routes/readJson.ts";
import { nextRequestId } from "../routes/requestId.ts";
import { segmentErrors } from "../segment/segmentErrors.ts";
import { createRepetitions } from "./createRepetitions.ts";
import type { Call, PathNames, Route } from "./route.ts";

type ApiEnv = { Variables: GuardedVariables };

/** Routes that are described where they are made. */
export interface Api {
	app: Hono<ApiEnv>;
	/** All descriptions, in the order they were added. */
	routes: Route[];
	/** Registers a route: its key, parameters and body are checked as described before the handler is called. */
	add<const P extends string, const Q extends Parameters = Record<never, never>, B = undefined>(
		route: Route<P, Q, B>,
		handle: (call: Call<P, Q, B>) => Promise<Response> | Response,
	): void;
	/** Notes a route that is registered elsewhere, such as those of the ingest path, which no middleware may slow down. */
	describe(route: Route): void;
}

export function createApi(deps: Deps): Api {
	const app = new Hono<ApiEnv>();
	const routes: Route[] = [];
	/** What stands in no braces is no parameter's value: with another method it is answered 405, and not as that. */
	const plainPaths = new Set<string>();
	const masked = createMask(deps.config.personalTraits);
	const [open, restricted] = [createReader(deps.store, noMask), createReader(deps.store, masked)];

	const repetitions = createRepetitions(deps);

	async function readCall(c: Context<ApiEnv>, route: Route): Promise<Call> {
		const sees = c.get("seesPersonal") === true;
		return {
			c,
			params: readPath(c, route.path) as Record<PathNames<string>, string>,
			query: readQuery(c, route.query ?? {}, route.tolerant),
			body: route.body ? await readJson(c, route.body as z.ZodType) : undefined,
			reader: sees ? open : restricted,
			mask: sees ? noMask : masked,
			actor: c.get("actor"),
		};
	}

	function guardOf(route: Route, scope: Scope): MiddlewareHandler {
		const needsKey = guard(deps, scope);
		if (!route.openOnLoopback) return needsKey;
		return (c, next) => (isLocal(readPeer(c), (name) => c.req.header(name)) ? markOpen(c, next) : needsKey(c, next));
	}

	return {
		app,
		routes,
		describe: (route) => routes.push(route),
		add(route, handle) {
			const plain = route as unknown as Route;
			routes.push(plain);
			const hasParameters = route.path.includes("{");
			if (!hasParameters) plainPaths.add(route.path);
			const answer = handle as unknown as (call: Call) => Promise<Response> | Response;
			const handler: Handler<ApiEnv> = async (c) => {
				if (hasParameters && plainPaths.has(c.req.path)) return c.notFound();
				const call = await readCall(c, plain);
				const key = plain.idempotent ? c.req.header("idempotency-key") : undefined;
				if (c.req.method === "HEAD") return withoutBody(await answer(call));
				if (key === undefined) return answer(call);
				const { pathname, search } = new URL(c.req.url);
				const request = [c.req.method, pathname, search, call.body];
				return repetitions.once({ asker: c.get("keyId"), key, request }, async () => answer(call));
			};
			const path = route.path.replaceAll(/\{(\w+)\}/g, ":$1");
			const before = [
				...(route.errors === "segment" ? [segmentErrors] : []),
				...(route.scope === null ? [markOpen] : []),
				...(route.scope === null || route.scope === "write" ? [] : [guardOf(plain, route.scope)]),
			];
			app.on(route.method.toUpperCase(), [path], ...before, handler);
		},
	};
}

/** What needs no key has an id in logs too, is taken for nothing but what it is, and is of this moment. */
const markOpen: MiddlewareHandler = async (c, next) => {
	await next();
	c.header("x-request-id", nextRequestId());
	c.header("x-content-type-options", "nosniff");
	if (!c.res.headers.has("cache-control")) c.header("cache-control", "no-cache");
};

/** Nobody reads the body of an answer to HEAD, so a stream in it would stay open for ever. */
async function withoutBody(response: Response): Promise<Response> {
	await response.body?.cancel();
	return new Response(null, response);
}
