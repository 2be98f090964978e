import type { HttpBindings } from "@hono/node-server";
import { FilterTooCostlyError, InvalidCursorError, StorageUnavailableError } from "@selfsame/store";
import { Hono } from "hono";
import { createApi } from "./api/createApi.ts";
import { findAllowedMethods } from "./api/findAllowedMethods.ts";
import { readPeer } from "./auth/readPeer.ts";
import type { Deps } from "./deps.ts";
import { problem, RequestError } from "./problem.ts";
import { collectRoutes } from "./routes/collect.ts";
import { compatRoutes } from "./routes/compat.ts";
import { correctionRoutes } from "./routes/corrections.ts";
import { cors } from "./routes/cors.ts";
import { createPathReader } from "./routes/createPathReader.ts";
import { describeIngest } from "./routes/describeIngest.ts";
import { docsRoutes } from "./routes/docs.ts";
import { exportRoutes } from "./routes/export.ts";
import { groupRoutes } from "./routes/groups.ts";
import { healthRoutes } from "./routes/health.ts";
import { isIngestPath } from "./routes/ingestPaths.ts";
import { openApiRoute } from "./routes/openapi.ts";
import { profileRoutes } from "./routes/profiles.ts";
import { rejectedRoutes } from "./routes/rejected.ts";
import { nextRequestId } from "./routes/requestId.ts";
import { sdkRoutes } from "./routes/sdk.ts";
import { searchRoutes } from "./routes/search.ts";
import { segmentRoutes } from "./routes/segment.ts";
import { streamRoutes } from "./routes/stream.ts";

/** What is served as it lies on disk; null: not built. */
export interface PublicFiles {
	/** The browser SDK. */
	sdkFile: string | null;
	/** The folder with Swagger UI's files. */
	docsFolder: string | null;
}

/** Everything the collector answers, as one Hono application that speaks `Request -> Response`. */
export function createApp(deps: Deps, { sdkFile, docsFolder }: PublicFiles): Hono<{ Bindings: HttpBindings }> {
	const app = new Hono<{ Bindings: HttpBindings }>({ getPath: createPathReader(deps.config).ofRequest });
	app.route("/", collectRoutes(deps));
	app.route("/", compatRoutes(deps));
	app.route("/", sdkRoutes(sdkFile));
	// After what pages ask for, which may name a key in its address. Whoever shows one here is held up once it is known to be wrong.
	app.use(async (c, next) => {
		if (c.req.header("authorization") === undefined) {
			await deps.keyWatch.holdUp(deps.proxies.clientAddress(readPeer(c), (name) => c.req.header(name)));
		}
		await next();
	});

	const api = createApi(deps);
	profileRoutes(api);
	searchRoutes(api, deps);
	groupRoutes(api);
	correctionRoutes(api, deps);
	rejectedRoutes(api, deps);
	segmentRoutes(api);
	exportRoutes(api, deps);
	streamRoutes(api, deps);
	healthRoutes(api, deps);
	openApiRoute(api);
	docsRoutes(api, docsFolder);
	describeIngest(api);
	app.route("/", api.app);

	app.notFound((c) => {
		const methods = findAllowedMethods(api.routes, c.req.path);
		// A page's client that may not read why it is refused takes it for a network that fails, and sends it for ever.
		const headers = { "x-request-id": nextRequestId(), ...(isIngestPath(c.req.path) ? cors : {}) };
		if (methods.length === 0)
			return problem("not_found", "Nothing answers here. `GET /docs` shows what there is.", headers);
		const allow = methods.join(", ");
		return problem("method_not_allowed", `This path answers ${allow} only.`, { ...headers, allow });
	});
	app.onError((error) => {
		if (error instanceof RequestError) return error.toResponse();
		if (error instanceof InvalidCursorError) {
			return problem("invalid_cursor", "Use a cursor that this list gave, with the same filters, or leave it out.");
		}
		if (error instanceof FilterTooCostlyError) return problem("filter_too_costly", error.message);
		if (error instanceof StorageUnavailableError) {
			return problem("storage_unavailable", "Ask again; `GET /ready` says what is wrong.", { "retry-after": "5" });
		}
		if (isOutOfFiles(error)) {
			const detail =
				"This process has as many files and connections open as it may (`ulimit -n`). Ask again in a moment.";
			return problem("storage_unavailable", detail, { "retry-after": "5" });
		}
		const requestId = nextRequestId();
		deps.log.error({ requestId, err: error }, "request failed");
		const detail = "This is a fault of the collector. Its log says more, under this request id.";
		return problem("internal_error", detail, { "x-request-id": requestId });
	});
	return app;
}

/** Whether the system gives this process no further file: the next request may fare better. A thread says so in words alone. */
const isOutOfFiles = (error: Error) =>
	/\bE[MN]FILE\b/.test(`${(error as NodeJS.ErrnoException).code} ${error.message}`);
