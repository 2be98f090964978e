import type { Agent } from "node:http";
import type { AnyEvents } from "../core/index.ts";
import { VERSION } from "../core/version.ts";
import { createClientOver } from "../server/client.ts";
import { createBufferPool } from "../server/delivery/bufferPool.ts";
import type { ByteWriter } from "../server/delivery/byteWriter.ts";
import { importEvents } from "../server/importEvents.ts";
import { readOptions, unknownOptions } from "../server/readOptions.ts";
import { spoolBatches } from "../server/spool/spoolBatches.ts";
import type { Client, ClientOptions, VisitorIdentity } from "../server/types.ts";
import { builtin } from "./builtin.ts";
import { createSend } from "./createSend.ts";
import { createSpool, SPOOL_BYTES, type SpoolOptions } from "./createSpool.ts";
import { hookExit, unhookExit } from "./exitHooks.ts";

export interface NodeClientOptions extends ClientOptions {
	/**
	 * A directory for events on their way: with it they outlive the process, `kill -9` included, and the next one sends
	 * them. Off by default.
	 */
	spool?: string | SpoolOptions;
	/**
	 * Flush on SIGTERM and SIGINT and when a script ends, for at most `exitTimeout` ms. Default true. A signal keeps its
	 * effect; where your code listens for it too, ending the process stays with your code.
	 */
	flushOnExit?: boolean;
	/** ms. Default 9,000: below the ten seconds that `docker stop` waits. */
	exitTimeout?: number;
	/**
	 * An `http.Agent` (for an https host an `https.Agent`) to send through: a proxy, client certificates, a limit of
	 * sockets. It stays yours: `close()` does not end it. Default: one of its own, which keeps connections alive and uses
	 * the proxy of the environment where Node itself does (`NODE_USE_ENV_PROXY=1`, `--use-env-proxy`).
	 */
	agent?: Agent;
}

const OWN_OPTIONS = ["spool", "flushOnExit", "exitTimeout", "agent"];
const warn = (message: string) => process.emitWarning(message, "SelfsameWarning");

const bytes: ByteWriter = {
	allocate: (size) => Buffer.allocUnsafeSlow(size),
	write: (target, text, offset) => (target as Buffer).write(text, offset),
	byteLength: (text) => Buffer.byteLength(text),
	text: (data) => Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString(),
};

/**
 * A client for a process that lives: it batches, sends in the background and flushes before the process ends.
 *
 * @example
 * const selfsame = createClient({ writeKey: "KEY", host: "https://events.example.com" });
 * selfsame.track({ userId: "u1", event: "Order Completed", properties: { revenue: 9.5 } });
 */
export function createClient<Events extends object = AnyEvents>(options: NodeClientOptions): Client<Events> {
	const { spool: given, flushOnExit = true, exitTimeout = 9_000, agent } = options ?? {};
	const spoolOptions = typeof given === "string" ? { dir: given } : given;
	const read = readOptions(options, spoolOptions && (spoolOptions.maxBytes ?? SPOOL_BYTES));
	for (const text of unknownOptions(options, OWN_OPTIONS)) warn(`selfsame: ${text}`);
	const { send, close } = createSend({ ...read, agent });
	const { randomUUID, createHash } = builtin.crypto();
	const { AsyncLocalStorage } = builtin.asyncHooks();
	return createClientOver<Events>(read, {
		now: Date.now,
		elapsed: () => performance.now(),
		random: Math.random,
		schedule(run, ms) {
			const timer = setTimeout(run, ms);
			timer.unref();
			return () => clearTimeout(timer);
		},
		soon: setImmediate,
		bytes,
		pool: createBufferPool(bytes),
		send,
		...(spoolOptions && {
			openSpool: (tell) => spoolBatches(createSpool(spoolOptions, tell), { ...read, bytes, tell }),
		}),
		randomUuid: randomUUID,
		warn,
		importer: (events, given, into) =>
			importEvents(events, given, {
				...into,
				digest: (text) => createHash("sha256").update(text).digest("hex").slice(0, 32),
			}),
		context: { library: { name: "selfsame-node", version: VERSION } },
		scopes: new AsyncLocalStorage<VisitorIdentity>(),
		holdOpen,
		onBusy: (it) => void (flushOnExit && hookExit(it, exitTimeout)),
		onClosed(it) {
			unhookExit(it);
			close();
		},
	});
}

/** A timer that does nothing but keep the process alive until the promise has settled. */
async function holdOpen<T>(promise: Promise<T>): Promise<T> {
	const timer = setInterval(() => {}, 2 ** 30);
	try {
		return await promise;
	} finally {
		clearInterval(timer);
	}
}
