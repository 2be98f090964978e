import { isUnreadable, isWholeGzip, WORTH_COMPRESSING } from "../server/delivery/packing.ts";
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

/** More than any answer to a batch holds. */
const LONGEST_ANSWER = 4 * 1024 * 1024;
/** ms after which a `CompressionStream` is taken for one that hangs: a batch takes it some 10. */
const LONGEST_PACKING = 2_000;

/**
 * The transport of runtimes that have `fetch` and nothing else. Every API of theirs may fail, hang or lie: an attempt
 * ends within `timeout` whatever `fetch` does with its signal, and a body that cannot be compressed goes plain.
 */
export function createSend({ url, writeKey, timeout, gzip, fetch }: SendOptions) {
	const authorization = `Basic ${base64(new TextEncoder().encode(`${writeKey}:`))}`;
	let packs = gzip;

	return async function send(request: BatchRequest): Promise<Answer> {
		const packed = packs && request.body.length >= WORTH_COMPRESSING ? await pack(request.body) : undefined;
		if (!packed) return attempt(request, request.body, false);
		const answer = await attempt(request, packed, true);
		if (!isUnreadable(answer)) return answer;
		// Something on the way spoils what is compressed: it goes plain from here on, if that is understood.
		const second = await attempt(request, request.body, false);
		if (!isUnreadable(second)) packs = false;
		return second;
	};

	async function pack(body: Uint8Array): Promise<Uint8Array | undefined> {
		try {
			const packed = await Promise.race([compress(body), later(LONGEST_PACKING)]);
			if (packed && isWholeGzip(packed, body.length)) return packed;
		} catch {
			// The same as one that hangs or lies.
		}
		packs = false;
		return undefined;
	}

	async function attempt({ signal, retries }: BatchRequest, body: Uint8Array, isPacked: boolean): Promise<Answer> {
		const abort = new AbortController();
		let timer: ReturnType<typeof setTimeout> | undefined;
		let onAbort = () => {};
		const cut = new Promise<never>((_, reject) => {
			const end = (reason: string) => {
				reject(new Error(reason));
				abort.abort();
			};
			onAbort = () => end("closed");
			timer = setTimeout(end, timeout, `no answer within ${timeout} ms`);
			signal.addEventListener("abort", onAbort);
		});
		const post = async (): Promise<Answer> => {
			const response = await fetch(url, {
				method: "POST",
				// A redirect would turn the POST into a GET and lose the events.
				redirect: "manual",
				signal: abort.signal,
				body: body as BodyInit,
				headers: {
					authorization,
					"content-type": "application/json",
					...(isPacked && { "content-encoding": "gzip" }),
					...(retries > 0 && { "x-retry-count": String(retries) }),
				},
			});
			return {
				status: response.status,
				retryAfter: response.headers.get("retry-after"),
				contentType: response.headers.get("content-type"),
				text: await readText(response),
			};
		};
		try {
			return await Promise.race([post(), cut]);
		} catch (error) {
			return { status: 0, error };
		} finally {
			clearTimeout(timer);
			signal.removeEventListener("abort", onAbort);
		}
	}
}

/** The answer's text as far as a verdict may be long; what goes on for ever is not kept. */
async function readText(response: Response): Promise<string> {
	const reader = response.body?.getReader?.();
	if (!reader) return response.text();
	const decoder = new TextDecoder();
	let text = "";
	for (let part = await reader.read(); !part.done; part = await reader.read()) {
		text += decoder.decode(part.value as Uint8Array, { stream: true });
		if (text.length <= LONGEST_ANSWER) continue;
		void reader.cancel().catch(() => {});
		break;
	}
	return text + decoder.decode();
}

async function compress(body: Uint8Array): Promise<Uint8Array> {
	const stream = new Blob([body as BlobPart]).stream().pipeThrough(new CompressionStream("gzip"));
	return new Uint8Array(await new Response(stream).arrayBuffer());
}

function later(ms: number): Promise<undefined> {
	return new Promise((resolve) => setTimeout(resolve, ms, undefined));
}
