import type { IncomingMessage, ServerResponse } from "node:http";
import { vouchFor } from "../connections.ts";
import type { Deps } from "../deps.ts";
import { createPathReader } from "../routes/createPathReader.ts";
import { ingestPaths } from "../routes/ingestPaths.ts";
import type { IngestRequest } from "./message.ts";
import { readIncoming } from "./readBody.ts";
import { receive } from "./receive.ts";

/** Answers a request that brings events to one of the ingest paths; false, and nothing done, when it does not. */
export type IngestListener = (incoming: IncomingMessage, outgoing: ServerResponse) => boolean;

/**
 * The way of most requests by far: from the socket and back to it, without a `Request` and a `Response` made on the way,
 * which would take an eighth of the first thread's time.
 */
export function createIngestListener(deps: Deps): IngestListener {
	const shapes = new Map(ingestPaths.map(({ path, shape }) => [path, shape]));
	const paths = createPathReader(deps.config);
	const findShape = (url: string) => {
		const query = url.indexOf("?");
		return shapes.get(query < 0 ? url : url.slice(0, query)) ?? shapes.get(paths.ofTarget(url));
	};
	return (incoming, outgoing) => {
		const { url = "" } = incoming;
		const shape = incoming.method === "POST" ? findShape(url) : undefined;
		if (shape === undefined) return false;
		const request: IngestRequest = {
			header: (name) => headerOf(incoming, name),
			url,
			peer: incoming.socket.remoteAddress,
			readBody: (options) => readIncoming(incoming, options),
			vouch: () => vouchFor(incoming.socket),
		};
		void receive(request, deps, shape).then(({ status, headers, body }) => {
			outgoing.writeHead(status, { ...headers, "content-length": Buffer.byteLength(body) });
			outgoing.end(body);
			// What is left of a refused body is read, so that its sender sees the answer.
			if (!incoming.complete) incoming.on("data", (chunk: Buffer) => deps.budget.drop(chunk.length));
		});
		return true;
	};
}

/** Reads a header off the socket's request, without making a `Headers` of all of them. */
export function headerOf(incoming: IncomingMessage, name: string): string | undefined {
	const value = incoming.headers[name];
	return Array.isArray(value) ? value[0] : value;
}
