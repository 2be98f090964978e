import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { gunzipSync } from "node:zlib";

/** What to do to a request instead of passing it on and its answer back. */
export interface Fault {
	status: 429 | 503;
	/** Seconds, for `Retry-After`. */
	retryAfter?: number;
	/**
	 * `refuse`: the collector never sees the request. `lose`: the collector stores it, and only its answer is lost, so
	 * that the client repeats what is stored already.
	 */
	mode: "refuse" | "lose";
}

/** A POST that came by. */
interface PassedRequest {
	path: string;
	/** Milliseconds of a monotonic clock. */
	at: number;
	/** What the client was answered. */
	status: number;
	messageIds: string[];
}

/** A small HTTP proxy in front of a real collector that fails on purpose. Preflights and reads always pass. */
export interface FaultProxy {
	url: string;
	/** Applied to the next requests that carry events, one each, in this order. */
	faults: Fault[];
	requests: PassedRequest[];
	close(): Promise<void>;
}

export async function startFaultProxy(target: string): Promise<FaultProxy> {
	const faults: Fault[] = [];
	const requests: PassedRequest[] = [];
	const server = createServer((incoming, outgoing) => {
		void handle(incoming, outgoing).catch((error: unknown) => outgoing.destroy(error as Error));
	});

	async function handle(incoming: IncomingMessage, outgoing: ServerResponse) {
		const body = await readAll(incoming);
		const messageIds = incoming.method === "POST" ? messageIdsIn(body) : [];
		const fault = messageIds.length > 0 ? faults.shift() : undefined;
		const answer = fault?.mode === "refuse" ? undefined : await forward(target, incoming, body);
		const status = fault?.status ?? answer?.status ?? 502;
		if (messageIds.length > 0) requests.push({ path: incoming.url ?? "", at: performance.now(), status, messageIds });
		if (fault) {
			outgoing.writeHead(fault.status, {
				...(await refusalHeaders(target, incoming.headers.origin)),
				"content-type": "application/problem+json",
				...(fault.retryAfter === undefined ? {} : { "retry-after": String(fault.retryAfter) }),
			});
			outgoing.end(JSON.stringify({ status: fault.status, code: "on_purpose" }));
			return;
		}
		outgoing.writeHead(status, answer?.headers);
		outgoing.end(answer?.body);
	}

	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	const address = server.address();
	if (typeof address !== "object" || !address) throw new Error("A listening server has a port.");
	return {
		url: `http://127.0.0.1:${address.port}`,
		faults,
		requests,
		close: async () => {
			server.closeAllConnections();
			server.close();
			await once(server, "close");
		},
	};
}

/** The headers by which this very collector lets a page read its refusals: taken from one, not imitated. */
async function refusalHeaders(target: string, origin: string | undefined): Promise<Record<string, string>> {
	const headers = { "content-type": "text/plain", ...(origin ? { origin } : {}) };
	const refusal = await fetch(`${target}/v1/track`, { method: "POST", headers, body: '{"type":"track"}' });
	await refusal.arrayBuffer();
	if (refusal.status !== 401) throw new Error(`A request without a key was answered ${refusal.status}.`);
	return Object.fromEntries([...refusal.headers].filter(([name]) => name.startsWith("access-control-")));
}

async function readAll(stream: IncomingMessage): Promise<Buffer> {
	const chunks: Buffer[] = [];
	for await (const chunk of stream) chunks.push(chunk as Buffer);
	return Buffer.concat(chunks);
}

function messageIdsIn(body: Buffer): string[] {
	const text = (body[0] === 0x1f && body[1] === 0x8b ? gunzipSync(body) : body).toString("utf8");
	try {
		const parsed = JSON.parse(text) as { batch?: { messageId?: string }[]; messageId?: string };
		return (parsed.batch ?? [parsed]).flatMap((event) => event.messageId ?? []);
	} catch {
		return [];
	}
}

function forward(target: string, incoming: IncomingMessage, body: Buffer) {
	return new Promise<{ status: number; headers: IncomingMessage["headers"]; body: Buffer }>((resolve, reject) => {
		const { host: _host, "transfer-encoding": _encoding, ...headers } = incoming.headers;
		const outgoing = request(
			new URL(incoming.url ?? "/", target),
			{ method: incoming.method, headers: { ...headers, "content-length": body.length }, agent: false },
			(answer) => {
				readAll(answer)
					.then((bytes) => resolve({ status: answer.statusCode ?? 502, headers: answer.headers, body: bytes }))
					.catch(reject);
			},
		);
		outgoing.on("error", reject);
		outgoing.end(body);
	});
}
