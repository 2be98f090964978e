import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener, type HttpBindings, RequestError as UnreadableError } from "@hono/node-server";
import { serveInTurn, watchConnections } from "./connections.ts";
import type { Collector } from "./createCollector.ts";
import { problem } from "./problem.ts";
import { nextRequestId } from "./routes/requestId.ts";

export interface ListenOptions {
	/** 0 picks a free one. */
	port: number;
	host: string;
	/** Connections at once; one more closes the oldest without a complete request that has a valid key. Default 2,048. */
	maxConnections?: number;
}

export interface Listening {
	/** Such as `http://127.0.0.1:4600`. */
	url: string;
	port: number;
	server: Server;
	/** Stops accepting, and resolves when every request that was under way has its answer, or after `deadline` ms. */
	stop(deadline?: number): Promise<void>;
}

/** ms. A request that takes longer than this to arrive is slow on purpose, or its network is gone. */
const REQUEST_TIMEOUT = 30_000;
const HEADERS_TIMEOUT = 10_000;
/** ms. Longer than the idle time of common load balancers (60 s), or they would write into a closing connection. */
const KEEP_ALIVE_TIMEOUT = 65_000;

/** ms. How long a sender that was refused, and asked for the connection to be closed, may go on writing. */
const LINGER = 5_000;

/**
 * Closes a connection only once its request has been read: closed before, the system tells a sender that is still
 * writing of a broken pipe, and throws the answer away that says why.
 */
function lingerOver(request: IncomingMessage): void {
	const { socket } = request;
	socket.destroySoon = () => {
		Reflect.deleteProperty(socket, "destroySoon");
		if (request.complete) return socket.destroySoon();
		socket.end();
		request.resume();
		const cut = setTimeout(() => socket.destroy(), LINGER);
		request.once("close", () => clearTimeout(cut));
		request.once("end", () => socket.destroy());
	};
}

/** What the adapter cannot make a `Request` of: an address with a backslash, a `Host` that is none. */
function refuseUnreadable(error: unknown): Response {
	if (!(error instanceof UnreadableError)) throw error;
	const detail = "The address or the `Host` of this request is none. Look at what the proxies on the way make of them.";
	return problem("invalid_request", detail, { "x-request-id": nextRequestId() });
}

/** Serves a collector over HTTP. @throws the system's error, such as EADDRINUSE. */
export async function listen(
	{ app, ingest }: Pick<Collector, "app" | "ingest">,
	{ port, host, maxConnections }: ListenOptions,
): Promise<Listening> {
	const answer = getRequestListener((request, env) => app.fetch(request, env as HttpBindings), {
		autoCleanupIncoming: false,
		errorHandler: refuseUnreadable,
		// HTTP/1.0 asks without a host, as the health checks of some load balancers do.
		hostname: "localhost",
	});
	const server = createServer(
		{
			requestTimeout: REQUEST_TIMEOUT,
			headersTimeout: HEADERS_TIMEOUT,
			keepAliveTimeout: KEEP_ALIVE_TIMEOUT,
			connectionsCheckingInterval: 5_000,
			maxHeaderSize: 16 * 1024,
		},
		// What is left of a refused body Node reads and drops itself, within the request's time. The adapter would cut it
		// short after half a second, and a sender that is cut off while it writes never sees the answer.
		(request, response) => {
			serveInTurn(request, response, () => {
				lingerOver(request);
				if (!ingest(request, response)) void answer(request, response);
			});
		},
	);
	watchConnections(server, maxConnections === undefined ? {} : { most: maxConnections });
	server.listen(port, host);
	await once(server, "listening");
	const address = server.address() as AddressInfo;
	const name = address.family === "IPv6" ? `[${address.address}]` : address.address;
	return {
		url: `http://${name}:${address.port}`,
		port: address.port,
		server,
		async stop(deadline = 5_000) {
			const closed = new Promise<void>((resolve) => server.close(() => resolve()));
			// A connection that is busy now is idle once it is answered, and then goes too.
			const sweep = setInterval(() => server.closeIdleConnections(), 50);
			const timer = setTimeout(() => server.closeAllConnections(), deadline);
			server.closeIdleConnections();
			await closed;
			clearInterval(sweep);
			clearTimeout(timer);
		},
	};
}
