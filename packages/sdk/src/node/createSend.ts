import type { Agent, AgentOptions, ClientRequest, IncomingMessage } from "node:http";
import { isUnreadable, WORTH_COMPRESSING } from "../server/delivery/packing.ts";
import type { Answer, BatchRequest } from "../server/ports.ts";
import { builtin } from "./builtin.ts";

export interface SendOptions {
	url: string;
	writeKey: string;
	/** ms for the whole attempt. */
	timeout: number;
	gzip: boolean;
	/** The caller's own. */
	agent?: Agent | undefined;
}

/** More than any answer to a batch holds. */
const LONGEST_ANSWER = 4 * 1024 * 1024;

/**
 * The transport of Node: `http` itself, which costs half of what `fetch` does, over connections that are kept alive and
 * do not keep the process alive while they are idle.
 */
export function createSend({ url, writeKey, timeout, gzip, agent: given }: SendOptions) {
	const { protocol } = new URL(url);
	const client = protocol === "https:" ? builtin.https() : builtin.http();
	const agent = given ?? new client.Agent({ keepAlive: true, ...environmentProxy(client.globalAgent) });
	let packs = gzip;
	const headers = {
		authorization: `Basic ${Buffer.from(`${writeKey}:`).toString("base64")}`,
		"content-type": "application/json",
	};

	async function send({ body, signal, retries }: BatchRequest): Promise<Answer> {
		const packed = packs && body.length >= WORTH_COMPRESSING ? await compress(body) : undefined;
		const answer = await post(packed ?? body, packed !== undefined, signal, retries);
		if (!packed || !isUnreadable(answer)) return answer;
		// Something on the way spoils what is compressed: it goes plain from here on, if that is understood.
		const second = await post(body, false, signal, retries);
		if (!isUnreadable(second)) packs = false;
		return second;
	}

	async function post(bytes: Uint8Array, isCompressed: boolean, signal: AbortSignal, retries: number): Promise<Answer> {
		const own = {
			...headers,
			"content-length": bytes.length,
			...(isCompressed && { "content-encoding": "gzip" }),
			...(retries > 0 && { "x-retry-count": retries }),
		};
		const answer = await attempt(bytes, own, signal);
		// The server closed an idle connection just as it was taken up again: that is no sign of trouble.
		return answer === "stale" ? ((await attempt(bytes, own, signal)) as Answer) : answer;
	}

	function attempt(bytes: Uint8Array, own: object, signal: AbortSignal): Promise<Answer | "stale"> {
		return new Promise((resolve) => {
			if (signal.aborted) return resolve({ status: 0, error: new Error("closed") });
			const request = client.request(url, { method: "POST", agent, headers: { ...own } });
			const end = (answer: Answer | "stale") => {
				clearTimeout(timer);
				signal.removeEventListener("abort", onAbort);
				resolve(answer);
			};
			const onAbort = () => request.destroy(new Error("closed"));
			const timer = setTimeout(() => {
				const error = new Error(`no answer within ${timeout} ms`);
				request.destroy(error);
				// A transport that was replaced may say nothing when it is destroyed.
				setImmediate(end, { status: 0, error });
			}, timeout);
			signal.addEventListener("abort", onAbort);
			let isAnswered = false;
			request.on("response", (response) => {
				isAnswered = true;
				readAnswer(response, end);
			});
			request.on("error", (error) => end(!isAnswered && isStale(request, error) ? "stale" : { status: 0, error }));
			request.end(bytes);
		});
	}

	return { send, close: () => void (given ?? agent.destroy()) };
}

function readAnswer(response: IncomingMessage, end: (answer: Answer) => void): void {
	const chunks: Buffer[] = [];
	let length = 0;
	response.on("data", (chunk: Buffer) => {
		length += chunk.length;
		if (length <= LONGEST_ANSWER) chunks.push(chunk);
	});
	response.on("end", () =>
		end({
			status: response.statusCode ?? 0,
			retryAfter: response.headers["retry-after"],
			contentType: response.headers["content-type"],
			text: Buffer.concat(chunks).toString(),
		}),
	);
	// A response that breaks off half-way is no answer, whatever its status said.
	response.on("error", (error) => end({ status: 0, error }));
	response.on("close", () => end({ status: 0, error: new Error("the answer broke off") }));
}

function isStale(request: ClientRequest, error: NodeJS.ErrnoException): boolean {
	return request.reusedSocket && (error.code === "ECONNRESET" || error.code === "EPIPE");
}

/** The proxy that Node itself takes from the environment, where it was told to; older versions know none. */
function environmentProxy(globalAgent: Agent): AgentOptions {
	const { options } = globalAgent as { options?: AgentOptions & { proxyEnv?: NodeJS.ProcessEnv } };
	return options?.proxyEnv ? ({ proxyEnv: options.proxyEnv } as AgentOptions) : {};
}

/** The fastest level: on JSON of this kind the best one saves a tenth more and costs a third of the throughput. */
function compress(body: Uint8Array): Promise<Uint8Array | undefined> {
	return new Promise((resolve) => {
		builtin.zlib().gzip(body, { level: 1 }, (error, bytes) => resolve(error ? undefined : bytes));
	});
}
