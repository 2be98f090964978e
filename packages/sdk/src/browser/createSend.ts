import type { Answer } from "../core/createQueue.ts";
import { safely } from "../core/safely.ts";

/** Browsers allow 64 KiB of requests that outlive their page, for all scripts of the page together. */
const ROOM = 60_000;
const ENVELOPE = 2_200;
/** Bytes of such requests under way: one ledger for all clients of the page. */
let leavingBytes = 0;

export const room = () => ROOM - ENVELOPE - leavingBytes;

export interface SendOptions {
	url: string;
	writeKey: string;
	credentials: RequestCredentials;
	timeout: number;
	/** A proof for the events, from its cache if the page is leaving. */
	token(texts: string[], leaving: boolean): Promise<string | undefined> | string | undefined;
}

/** Packs a body where it pays: the collector knows gzip by its first bytes, so no header asks for a preflight. */
async function gzip(body: string): Promise<BodyInit> {
	if (body.length < 1024 || !self.CompressionStream) return body;
	return new Response(new Blob([body]).stream().pipeThrough(new CompressionStream("gzip"))).arrayBuffer();
}

/**
 * Posts batches to the collector as a simple request: `text/plain`, no header of our own, the key in the body. While
 * the page is leaving, by a request that outlives it, and then nothing may be awaited first.
 */
export function createSend({ url, writeKey, credentials, timeout, token }: SendOptions) {
	return async (texts: string[], leaving: boolean): Promise<Answer> => {
		const proof = token(texts, leaving);
		const identityToken = leaving ? (proof as string | undefined) : await proof;
		const sentAt = new Date().toISOString();
		const text = `{"batch":[${texts}],${JSON.stringify({ sentAt, writeKey, identityToken }).slice(1)}`;
		const body = leaving ? text : await gzip(text);
		const size = leaving ? new Blob([text]).size : 0;
		leavingBytes += size;
		try {
			// Without keepalive a beacon goes the same way, but brings no verdict: the events stay until one comes.
			if (leaving && !("keepalive" in Request.prototype)) {
				navigator.sendBeacon(url, text);
				return { status: 0 };
			}
			const response = await fetch(url, {
				method: "POST",
				headers: { "content-type": "text/plain" },
				body,
				credentials,
				keepalive: leaving,
				signal: safely(() => AbortSignal.timeout(timeout)) ?? null,
			});
			const answer = response.ok && (await response.json().catch(() => 0));
			// A hotel's sign-in page answers 200 as well.
			const status = response.ok && !answer?.success ? 0 : response.status;
			return { status, wait: response.headers.get("retry-after"), rejected: answer?.rejected };
		} finally {
			leavingBytes -= size;
		}
	};
}
