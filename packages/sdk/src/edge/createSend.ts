import { base64 } from "../server/identityClaims.ts";
import type { Answer, BatchRequest } from "../server/ports.ts";

export interface SendOptions {
	url: string;
	writeKey: string;
	/** ms for the whole attempt. */
	timeout: number;
	gzip: boolean;
	fetch: typeof fetch;
}

/** Below this many bytes compressing costs more than it saves. */
const WORTH_COMPRESSING = 1_024;

/** The transport of runtimes that have `fetch` and nothing else. */
export function createSend({ url, writeKey, timeout, gzip, fetch }: SendOptions) {
	const authorization = `Basic ${base64(new TextEncoder().encode(`${writeKey}:`))}`;

	return async function send({ body, signal, retries }: BatchRequest): Promise<Answer> {
		const abort = new AbortController();
		const onAbort = () => abort.abort(new Error("closed"));
		const timer = setTimeout(() => abort.abort(new Error(`no answer within ${timeout} ms`)), timeout);
		signal.addEventListener("abort", onAbort);
		try {
			const isCompressed = gzip && body.length >= WORTH_COMPRESSING && typeof CompressionStream === "function";
			const response = await fetch(url, {
				method: "POST",
				// A redirect would turn the POST into a GET and lose the events.
				redirect: "manual",
				signal: abort.signal,
				body: isCompressed ? await compress(body) : (body as BodyInit),
				headers: {
					authorization,
					"content-type": "application/json",
					...(isCompressed && { "content-encoding": "gzip" }),
					...(retries > 0 && { "x-retry-count": String(retries) }),
				},
			});
			return {
				status: response.status,
				retryAfter: response.headers.get("retry-after"),
				contentType: response.headers.get("content-type"),
				text: await response.text(),
			};
		} catch (error) {
			return { status: 0, error };
		} finally {
			clearTimeout(timer);
			signal.removeEventListener("abort", onAbort);
		}
	};
}

function compress(body: Uint8Array): Promise<ArrayBuffer> {
	const stream = new Blob([body as BlobPart]).stream().pipeThrough(new CompressionStream("gzip"));
	return new Response(stream).arrayBuffer();
}
