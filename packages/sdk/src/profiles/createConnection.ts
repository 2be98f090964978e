import { type Operations, operations } from "./generated.ts";
import { ProfilesError } from "./profilesError.ts";
import { sleep } from "./sleep.ts";

export interface ConnectionOptions {
	/** The collector's address, such as `https://events.shop.example`. */
	host: string;
	/** A secret key with the scope `read`; without `pii:read` personal data comes as `***`. Not for web pages. */
	apiKey: string;
	/** Default: the runtime's own. */
	fetch?: typeof fetch;
	/** How often a request is made again after a failed connection, 429 or 503. Default 2. */
	retries?: number;
	/** ms that an answer may take to begin. Default 30,000. */
	timeout?: number;
}

/** What a call takes besides what it is about. */
export interface CallOptions {
	/** Ends the request. */
	signal?: AbortSignal;
}

type Text = string | number | boolean | Date | readonly string[] | undefined;

/** The parts of a request. */
export interface CallParts extends CallOptions {
	params?: Record<string, string>;
	query?: Record<string, Text>;
	body?: unknown;
	headers?: Record<string, string>;
}

export interface Connection {
	/** Makes a call and reads its JSON answer. @throws ProfilesError */
	call<K extends keyof Operations>(operation: K, parts?: CallParts): Promise<Operations[K]["answer"]>;
	/** Makes a call whose answer is read by the caller. @throws ProfilesError */
	open(operation: keyof Operations, parts?: CallParts): Promise<Response>;
}

/** ms between two tries where the collector does not say how long to wait; doubled each time. */
const FIRST_WAIT = 250;
/** ms. A longer `Retry-After` is for whoever called to decide about. */
const LONGEST_WAIT = 10_000;
const isPassing = (status: number) => status === 429 || status === 503;

/** @throws TypeError for options that can never work. */
export function createConnection(options: ConnectionOptions): Connection {
	const { host, apiKey, retries = 2, timeout = 30_000 } = options;
	if (!/^https?:\/\//.test(host)) throw new TypeError("`host` must be an address such as https://events.shop.example.");
	if (!apiKey) throw new TypeError("`apiKey` must be a secret key: `selfsame keys create NAME --scopes read`.");
	const base = host.replace(/\/+$/, "");

	const send = async (operation: keyof Operations, parts: CallParts): Promise<Response> => {
		const [method, path] = operations[operation];
		const { body, headers, signal } = parts;
		const deadline = AbortSignal.timeout(timeout);
		// It ends with the answer's beginning: what streams may take as long as it likes.
		const started = new AbortController();
		const abort = () => started.abort(deadline.reason);
		deadline.addEventListener("abort", abort);
		try {
			return await (options.fetch ?? fetch)(base + fill(path, parts.params) + toQuery(parts.query), {
				method,
				headers: { authorization: `Bearer ${apiKey}`, ...headers },
				...(body === undefined ? {} : { body: JSON.stringify(body) }),
				signal: signal ? AbortSignal.any([started.signal, signal]) : started.signal,
			});
		} catch (cause) {
			signal?.throwIfAborted();
			const detail = deadline.aborted ? `No answer within ${timeout} ms.` : `${base} cannot be reached.`;
			throw new ProfilesError({ code: "network_error", status: 0, detail }, { cause });
		} finally {
			deadline.removeEventListener("abort", abort);
		}
	};

	const open = async (operation: keyof Operations, parts: CallParts = {}): Promise<Response> => {
		for (let tried = 0; ; tried++) {
			const last = tried >= retries;
			const response = await send(operation, parts).catch((error: unknown) => {
				if (last || !(error instanceof ProfilesError)) throw error;
			});
			if (response?.ok) return response;
			const wait = response ? waitBefore(response, tried) : FIRST_WAIT * 2 ** tried;
			const isOver = last || wait > LONGEST_WAIT || (response && !isPassing(response.status));
			if (response && isOver) throw await toError(response);
			await response?.body?.cancel();
			await sleep(wait, parts.signal);
		}
	};

	return {
		open,
		async call(operation, parts) {
			return (await open(operation, parts)).json();
		},
	};
}

function waitBefore(response: Response, tried: number): number {
	const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
	return Number.isNaN(seconds) ? FIRST_WAIT * 2 ** tried : seconds * 1_000;
}

async function toError(response: Response): Promise<ProfilesError> {
	const { status, statusText, headers } = response;
	const requestId = headers.get("x-request-id");
	try {
		const { code, detail } = (await response.json()) as { code: string; detail: string };
		return new ProfilesError({ code, status, detail, requestId });
	} catch {
		// Something on the way answered, such as a proxy.
		return new ProfilesError({
			code: `http_${status}`,
			status,
			detail: statusText || "No problem was given.",
			requestId,
		});
	}
}

/** Every name is percent-encoded whole, so that it may hold anything. */
function fill(path: string, params: Record<string, string> = {}): string {
	return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ""));
}

function toQuery(query: Record<string, Text> = {}): string {
	const entries = Object.entries(query).flatMap(([name, value]) => {
		if (value === undefined) return [];
		return [[name, value instanceof Date ? value.toISOString() : String(value)]];
	});
	return entries.length === 0 ? "" : `?${new URLSearchParams(entries)}`;
}
