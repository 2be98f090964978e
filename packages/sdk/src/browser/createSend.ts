import type { Answer } from "../core/createQueue.ts";
import type { BatchAnswer } from "../core/wireEvent.ts";

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
	/** Says what keeps events from arriving, once a cause. */
	warn(cause: unknown, text: string): void;
	/** A proof for the events, from its cache if the page is leaving. */
	token(texts: string[], leaving: boolean): Promise<string | undefined> | string | undefined;
}

const sleep = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));

/**
 * Packs a body where it pays: the collector knows gzip by its first bytes, so no header asks for a preflight. Undefined
 * where that fails, hangs, or what comes out was cut short: its last bytes say how long the text was.
 */
async function gzip(text: string): Promise<ArrayBuffer | undefined> {
	try {
		const blob = new Blob([text]);
		const stream = blob.stream().pipeThrough(new CompressionStream("gzip"));
		const packed = await Promise.race([new Response(stream).arrayBuffer(), sleep(2_000)]);
		if (packed && new DataView(packed).getUint32(packed.byteLength - 4, true) === blob.size) return packed;
	} catch {}
}

/**
 * Posts batches to the collector as a simple request: `text/plain`, no header of our own, the key in the body, and in the
 * address as well where the body is large. While the page is leaving, by a request that outlives it, and then nothing may be
 * awaited first.
 */
export function createSend({ url, writeKey, credentials, timeout, token, warn }: SendOptions) {
	return async (texts: string[], leaving: boolean): Promise<Answer> => {
		const proof = token(texts, leaving);
		const identityToken = leaving ? (proof as string | undefined) : await proof;
		const sentAt = new Date().toISOString();
		const text = `{"batch":[${texts}],${JSON.stringify({ sentAt, writeKey, identityToken }).slice(1)}`;
		const packed = leaving || text.length < 1024 ? undefined : await gzip(text);
		const size = leaving ? new Blob([text]).size : 0;
		leavingBytes += size;
		const post = async (): Promise<Answer> => {
			// Without keepalive a beacon goes the same way, but brings no verdict: the events stay until one comes.
			if (leaving && !("keepalive" in Request.prototype)) {
				navigator.sendBeacon(url, text);
				return { status: 0 };
			}
			// A collector takes 64 KiB from somebody it does not know yet, and a character may have three bytes.
			const key = text.length < 16_000 ? "" : `?writeKey=${encodeURIComponent(writeKey)}`;
			const response = await fetch(url + key, {
				method: "POST",
				headers: { "content-type": "text/plain" },
				body: packed ?? text,
				credentials,
				keepalive: leaving,
			});
			const { ok, status } = response;
			const answer: (Partial<BatchAnswer> & { detail?: string }) | undefined = await response.json().catch(() => {});
			const { success, accepted = 0, duplicates = 0, dropped = 0, rejected, warnings = [], detail } = answer ?? {};
			for (const { code, detail } of warnings) warn(code, detail);
			// A hotel's sign-in page answers 200 as well: a verdict says of each event what became of it.
			if (ok && success && rejected && accepted + duplicates + dropped + rejected.length === texts.length) {
				return { status, rejected };
			}
			if (status !== 429 && status < 500)
				warn(status, `${status} ${detail ?? "from something that is no collector: check host"}`);
			return { status: ok ? 0 : status, wait: response.headers.get("retry-after") };
		};
		try {
			// A fetch that never answers is one that failed.
			return await Promise.race([post(), sleep(timeout).then(() => ({ status: 0 }))]);
		} catch (error) {
			warn(0, `no answer, events wait. Does the collector run, and is host right? ${error}`);
			return { status: 0 };
		} finally {
			leavingBytes -= size;
		}
	};
}
