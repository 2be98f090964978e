import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import type { Sent } from "./fakeRuntime.ts";

/** `taken, then ...`: the events are stored, and the sender does not learn of it. */
export type Mode =
	| "ok"
	| 429
	| 503
	| "hang"
	| "reset"
	| "taken, then reset"
	| "taken, then half an answer"
	| "slow answer";

/** A real server that stores events by message id and misbehaves as it is told to. */
export async function startFaultSink(port = 0) {
	const stored = new Map<string, Sent>();
	const order: Sent[] = [];
	const sink = {
		mode: "ok" as Mode,
		requests: 0,
		duplicates: 0,
		stored,
		order,
		url: "",
		port: 0,
		stop,
		isDone,
		dropConnections,
	};
	const server = createServer((request, response) => {
		sink.requests++;
		const chunks: Buffer[] = [];
		request.on("data", (chunk) => chunks.push(chunk));
		request.on("end", () => answer(sink.mode, request, response, Buffer.concat(chunks)));
		request.on("error", () => {});
	});
	// Restarting on the same port may have to wait for the old socket.
	await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
	sink.port = (server.address() as AddressInfo).port;
	sink.url = `http://127.0.0.1:${sink.port}`;

	function store(request: IncomingMessage, bytes: Buffer): string {
		const body = request.headers["content-encoding"] === "gzip" ? gunzipSync(bytes) : bytes;
		const { batch } = JSON.parse(body.toString()) as { batch: Sent[] };
		let duplicates = 0;
		for (const event of batch) {
			if (stored.has(event.messageId)) duplicates++;
			else {
				stored.set(event.messageId, event);
				order.push(event);
			}
		}
		sink.duplicates += duplicates;
		const accepted = batch.length - duplicates;
		return JSON.stringify({ success: true, accepted, duplicates, dropped: 0, rejected: [], warnings: [] });
	}

	function answer(mode: Mode, request: IncomingMessage, response: ServerResponse, bytes: Buffer): void {
		response.setHeader("content-type", "application/json");
		if (mode === "hang") return;
		if (mode === "reset") {
			request.socket.resetAndDestroy();
			return;
		}
		if (typeof mode === "number") {
			response.writeHead(mode, { "retry-after": "0" }).end("{}");
			return;
		}
		const text = store(request, bytes);
		if (mode === "taken, then reset") request.socket.resetAndDestroy();
		else if (mode === "taken, then half an answer") {
			response.writeHead(200, { "content-length": text.length }).write(text.slice(0, 20));
			setTimeout(() => request.socket.destroy(), 5);
		} else if (mode === "slow answer") {
			response.writeHead(200, { "content-length": text.length }).write(text.slice(0, 20));
			setTimeout(() => response.end(text.slice(20)), 50);
		} else response.end(text);
	}

	async function isDone(count: number): Promise<void> {
		while (stored.size < count) await new Promise((resolve) => setTimeout(resolve, 10));
	}

	/** Ends every connection, as a load balancer does with idle ones. */
	function dropConnections(): void {
		server.closeAllConnections();
	}

	function stop(): Promise<void> {
		return new Promise((resolve) => {
			server.close(() => resolve());
			server.closeAllConnections();
		});
	}
	return sink;
}
