import type { AnyEvents } from "../core/index.ts";
import { VERSION } from "../core/version.ts";
import { createClientOver, type ExitingClient } from "../server/client.ts";
import type { ByteWriter } from "../server/delivery/byteWriter.ts";
import { readOptions, unknownOptions } from "../server/readOptions.ts";
import type { Client, ClientEvents, ClientOptions, VisitorIdentity, WaitOptions } from "../server/types.ts";
import { createSend } from "./createSend.ts";

/** What the client needs of an `AsyncLocalStorage`. */
export interface Scopes {
	getStore(): unknown;
	run<T>(value: unknown, fn: () => T): T;
}

export interface EdgeClientOptions extends ClientOptions {
	/**
	 * The runtime's `waitUntil`, such as `(promise) => ctx.waitUntil(promise)`: with it events are sent after the response,
	 * without a `flush()`. On Cloudflare Workers it belongs to one request, so make the client inside the handler.
	 */
	waitUntil?: (promise: Promise<unknown>) => void;
	/** An `AsyncLocalStorage`, so that `fromRequest().run()` works. Default: the global one, where there is one. */
	asyncLocalStorage?: Scopes;
	/** Default: the global `fetch`. */
	fetch?: typeof fetch;
}

/** All of the Node client but `import()`: history is a matter of a process that lives. */
export type EdgeClient<Events extends object = AnyEvents> = Omit<Client<Events>, "import" | "scope" | "on" | "off"> & {
	scope<T>(fn: (client: EdgeClient<Events>) => T | Promise<T>, options?: WaitOptions): Promise<T>;
	on<K extends keyof ClientEvents>(name: K, listener: ClientEvents[K]): EdgeClient<Events>;
	off<K extends keyof ClientEvents>(name: K, listener: ClientEvents[K]): EdgeClient<Events>;
};

/** Events of one request are called within a few ms of each other and may share a batch. ms. */
const GATHER = 20;
/** Cloudflare ends what `waitUntil` was given 30 s after the response. */
const WAIT_UNTIL = 25_000;

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const bytes: ByteWriter = {
	allocate: (size) => new Uint8Array(size),
	write: (target, text, offset) => encoder.encodeInto(text, target.subarray(offset)).written,
	byteLength: (text) => encoder.encode(text).length,
	text: (data) => decoder.decode(data),
};

/**
 * The client for runtimes that have `fetch` and no process: Cloudflare Workers, Vercel Edge, Deno Deploy. Give it
 * `waitUntil`, or end a handler with `await client.flush()`.
 */
export function createClient<Events extends object = AnyEvents>(options: EdgeClientOptions): EdgeClient<Events> {
	const read = readOptions(options);
	const { waitUntil, fetch: own } = options;
	for (const text of unknownOptions(options, ["waitUntil", "asyncLocalStorage", "fetch"])) warn(`selfsame: ${text}`);
	const send = createSend({ ...read, fetch: own ?? ((...request) => fetch(...request)) });
	const scopes = options.asyncLocalStorage ?? globalScopes();
	return createClientOver<Events>(read, {
		now: Date.now,
		elapsed,
		random: Math.random,
		schedule(run, ms) {
			const timer = setTimeout(run, ms) as unknown as { unref?(): void };
			// Where timers are objects they would keep the process alive.
			timer.unref?.();
			return () => clearTimeout(timer as unknown as number);
		},
		soon: queueMicrotask,
		bytes,
		send,
		randomUuid,
		warn,
		context: { library: { name: "selfsame-edge", version: VERSION } },
		scopes: scopes as { getStore(): VisitorIdentity | undefined; run: Scopes["run"] } | undefined,
		holdOpen: (promise) => promise,
		onBusy: (client) => waitUntil?.(drain(client)),
	});
}

async function drain(client: ExitingClient): Promise<void> {
	await new Promise((resolve) => setTimeout(resolve, GATHER));
	const end = elapsed() + WAIT_UNTIL;
	while (client.size > 0 && elapsed() < end) await client.flush({ timeout: end - elapsed() });
}

const warn = (message: string) => console.warn(message);

/** Where a runtime has no `performance`, its wall clock has to do. */
const elapsed = () => globalThis.performance?.now() ?? Date.now();

/** Where a runtime has no `crypto`, or one that throws, ids come from `Math.random`: events are worth more than its quality. */
function randomUuid(): string {
	try {
		return crypto.randomUUID();
	} catch {
		return "xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx".replace(/x/g, () => Math.floor(Math.random() * 16).toString(16));
	}
}

function globalScopes(): Scopes | undefined {
	const { AsyncLocalStorage } = globalThis as { AsyncLocalStorage?: new () => Scopes };
	return AsyncLocalStorage && new AsyncLocalStorage();
}
