import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { gunzipSync } from "node:zlib";

/** An event as the SDK sends it. */
interface SentEvent {
	type: string;
	event?: string;
	name?: string;
	messageId: string;
	timestamp: string;
	originalTimestamp?: string;
	userId?: string;
	anonymousId?: string;
	previousId?: string;
	groupId?: string;
	properties?: Record<string, unknown>;
	traits?: Record<string, unknown>;
	context: Record<string, never> & { [key: string]: unknown };
}

/** A request that arrived, with what it carried. */
interface Arrived {
	method: string;
	path: string;
	headers: IncomingMessage["headers"];
	/** Bytes on the wire. */
	size: number;
	gzipped: boolean;
	body: { batch: SentEvent[]; sentAt: string; writeKey: string; identityToken?: string };
}

/**
 * What to do to a request with events: refuse it with a status before or after it was stored, cut the connection, or
 * never answer.
 */
type Fault = { status: number; retryAfter?: string; after?: boolean } | { cut: true; after?: boolean } | { hang: true };

/** Stands between the pages and a collector, and fails on purpose. Without a target it takes events by itself. */
export interface Gate {
	url: string;
	port: number;
	/** Asked at every request with events. */
	fault: ((arrived: Arrived, index: number) => Fault | undefined) | undefined;
	/** Every request, preflights and settings included. */
	requests: { method: string; path: string }[];
	batches: Arrived[];
	/** What got through, in the order it arrived; a repeated message id only once. */
	events: SentEvent[];
	/** Message ids that got through more than once. */
	repeats: number;
	/** Until the events that got through satisfy the check. */
	until(check: (events: SentEvent[]) => boolean, what?: string): Promise<SentEvent[]>;
	close(): Promise<void>;
}

const cors = {
	"access-control-allow-origin": "*",
	"access-control-expose-headers": "Retry-After",
};

export async function startGate({ target, port = 0 }: { target?: string; port?: number } = {}): Promise<Gate> {
	const seen = new Set<string>();
	const gate: Omit<Gate, "url" | "port"> = {
		fault: undefined,
		requests: [],
		batches: [],
		events: [],
		repeats: 0,
		async until(check, what = "what was expected") {
			const deadline = Date.now() + 30_000;
			while (!check(gate.events)) {
				if (Date.now() > deadline) {
					const got = gate.events.map((event) => event.event ?? event.type);
					throw new Error(`${what} did not arrive; ${got.length} events did: ${got.slice(0, 50).join(", ")}`);
				}
				await new Promise((done) => setTimeout(done, 20));
			}
			return gate.events;
		},
		close: async () => {
			server.closeAllConnections();
			server.close();
			await once(server, "close");
		},
	};

	async function forward(arrived: Arrived, bytes: Buffer): Promise<{ status: number; body: string }> {
		const { batch } = arrived.body;
		let answer = {
			status: 200,
			body: JSON.stringify({
				success: true,
				accepted: batch.length,
				duplicates: 0,
				dropped: 0,
				rejected: [],
				warnings: [],
			}),
		};
		if (target) {
			const response = await fetch(target + arrived.path, {
				method: "POST",
				headers: { "content-type": arrived.headers["content-type"] ?? "text/plain" },
				body: new Uint8Array(bytes),
			});
			answer = { status: response.status, body: await response.text() };
		}
		if (answer.status === 200) {
			for (const event of batch) {
				if (seen.has(event.messageId)) gate.repeats++;
				else gate.events.push(event);
				seen.add(event.messageId);
			}
		}
		return answer;
	}

	async function handle(request: IncomingMessage, response: ServerResponse) {
		const chunks: Buffer[] = [];
		for await (const chunk of request) chunks.push(chunk as Buffer);
		const bytes = Buffer.concat(chunks);
		const { method = "", url: path = "", headers } = request;
		gate.requests.push({ method, path });
		if (method !== "POST") {
			response.writeHead(method === "OPTIONS" ? 204 : 404, { ...cors, "access-control-allow-headers": "*" }).end();
			return;
		}
		const gzipped = bytes[0] === 0x1f && bytes[1] === 0x8b;
		const text = (gzipped ? gunzipSync(bytes) : bytes).toString("utf8");
		const arrived: Arrived = { method, path, headers, size: bytes.length, gzipped, body: JSON.parse(text) };
		const fault = gate.fault?.(arrived, gate.batches.length);
		gate.batches.push(arrived);
		if (fault && "hang" in fault) return;
		if (fault && "cut" in fault) {
			if (fault.after) await forward(arrived, bytes);
			request.socket.destroy();
			return;
		}
		if (fault) {
			if (fault.after) await forward(arrived, bytes);
			const wait = fault.retryAfter === undefined ? {} : { "retry-after": fault.retryAfter };
			response.writeHead(fault.status, { ...cors, ...wait, "content-type": "application/problem+json" });
			response.end(JSON.stringify({ status: fault.status, code: "on_purpose" }));
			return;
		}
		const answer = await forward(arrived, bytes);
		response.writeHead(answer.status, { ...cors, "content-type": "application/json" }).end(answer.body);
	}

	const server = createServer((request, response) => {
		handle(request, response).catch(() => response.destroy());
	});
	server.listen(port, "127.0.0.1");
	await once(server, "listening");
	const address = server.address();
	if (typeof address !== "object" || !address) throw new Error("A listening server has a port.");
	return Object.assign(gate, { url: `http://127.0.0.1:${address.port}`, port: address.port }) as Gate;
}
