import type { EventType } from "@selfsame/protocol";
import type { AnyEvents, Delivery } from "../core/index.ts";
import { type Batch, DELIVERED, dropped, type Outcome } from "./delivery/batch.ts";
import { createDelivery } from "./delivery/delivery.ts";
import { createEmitter } from "./emitter.ts";
import { checkCall } from "./events/checkCall.ts";
import { type AnyCall, createEventText } from "./events/eventText.ts";
import type { ImportPorts } from "./importEvents.ts";
import { PendingDelivery } from "./pendingDelivery.ts";
import type { BatchSpool, Ports } from "./ports.ts";
import { EVENT_BYTES, type ReadOptions } from "./readOptions.ts";
import type {
	BoundVisitor,
	Client,
	EndedEvent,
	ImportOptions,
	ImportResult,
	PastEvents,
	VisitorIdentity,
	WaitOptions,
} from "./types.ts";
import { readVisitor } from "./visitor/visitor.ts";
import { createWarnings } from "./warnings.ts";

/** What a client needs beside the delivery's ports. */
export interface ClientPorts extends Omit<Ports, "spool"> {
	/** Opens the spool, where one is wanted; `tell` takes its later failures. Throws where it cannot be used at all. */
	openSpool?(tell: (error: Error) => void): BatchSpool;
	randomUuid(): string;
	/** What `import()` does; without it the client has none. */
	importer?(events: PastEvents, options: ImportOptions, into: Omit<ImportPorts, "digest">): Promise<ImportResult>;
	context: object;
	/** Carries the visitor through asynchronous code; undefined where the runtime has no AsyncLocalStorage. */
	scopes?: { getStore(): VisitorIdentity | undefined; run<T>(visitor: VisitorIdentity, fn: () => T): T } | undefined;
	/** Told when an event comes into an empty queue: from now on there is something to lose. */
	onBusy?(client: ExitingClient): void;
	/** Shows a warning where the developer looks. */
	warn(message: string): void;
	/** Keeps the process alive until the promise has settled; timers and idle connections alone do not. */
	holdOpen<T>(promise: Promise<T>): Promise<T>;
	/** The client has ended: connections, locks and hooks go. */
	onClosed?(client: ExitingClient): void;
}

export interface ExitingClient {
	readonly size: number;
	flush(options?: WaitOptions): Promise<{ pending: number }>;
}

const CLOSE_TIMEOUT = 60_000;
const SCOPE_TIMEOUT = 10_000;
const TYPES: EventType[] = ["track", "identify", "page", "screen", "group", "alias"];

/** The client of both entries, over the ports of a runtime. It keeps no user: identity comes with the call or its scope. */
export function createClientOver<Events extends object = AnyEvents>(
	options: ReadOptions,
	ports: ClientPorts,
): Client<Events> {
	const { importer } = ports;
	const emitter = createEmitter();
	const warnOnce = createWarnings(ports.warn);
	const eventText = createEventText({
		...ports,
		leftOut: (path, what) =>
			warnOnce(`left out ${path}`, `'${path}' was left out of the event, since JSON cannot say it: ${what}`),
	});
	// Told a little later: what recovery meets would be told before anybody can listen.
	const spool = options.enabled
		? ports.openSpool?.((error) => ports.soon(() => emitter.emit("error", error)))
		: undefined;
	const delivery = createDelivery(options, spool ? { ...ports, spool } : ports, {
		ended: tellEnd,
		failed(error) {
			const { status, message } = error;
			// 429 and 5xx pass by themselves; everything else waits for somebody to mend it.
			if (status !== 429 && status < 500) warnOnce(`status ${status}`, message);
			emitter.emit("error", error);
		},
		noted: (text) => ports.warn(`selfsame: ${text}`),
	});
	let closing: Promise<{ pending: number }> | undefined;

	function tellEnd(batch: Batch, index: number, outcome: Outcome): void {
		const { status } = outcome;
		if (status === "queued" || !emitter.has(status)) return;
		const bytes = index < 0 || !batch.data ? undefined : batch.slice(index, index + 1);
		const event = bytes && (JSON.parse(ports.bytes.text(bytes)) as { messageId: string });
		emitter.emit(status, { messageId: "", ...outcome, ...(event && { messageId: event.messageId, event }) });
	}

	function endAtOnce(messageId: string, text: string, outcome: Outcome): Promise<Delivery> {
		const name = outcome.status as "delivered" | "dropped";
		if (emitter.has(name)) emitter.emit(name, { messageId, ...outcome, event: JSON.parse(text) } as EndedEvent);
		return Promise.resolve({ ...outcome, messageId });
	}

	function call(type: EventType, argument: AnyCall, visitor: VisitorIdentity | undefined): Promise<Delivery> {
		checkCall(type, argument, visitor);
		const { id, text } = eventText(type, argument, visitor);
		if (!options.enabled) return endAtOnce(id, text, DELIVERED);
		if (closing) return endAtOnce(id, text, dropped("closed"));
		if (text.length * 3 > EVENT_BYTES && ports.bytes.byteLength(text) > EVENT_BYTES) {
			return endAtOnce(id, text, dropped("too_large"));
		}
		if (delivery.size === 0) ports.onBusy?.(client);
		const who = argument.userId ?? visitor?.userId ?? argument.anonymousId ?? visitor?.anonymousId;
		const place = delivery.append(text, hash(who));
		if (!place) return endAtOnce(id, text, dropped("overflow"));
		return new PendingDelivery(place.batch, place.index, id, delivery.hurry);
	}

	async function flush({ timeout }: WaitOptions = {}): Promise<{ pending: number }> {
		await ports.holdOpen(within(delivery.flush(), timeout, ports));
		return { pending: delivery.size };
	}

	async function close({ timeout = CLOSE_TIMEOUT }: WaitOptions): Promise<{ pending: number }> {
		const { pending } = await flush({ timeout });
		delivery.stop();
		spool?.release();
		ports.onClosed?.(client);
		return { pending };
	}

	const callsFor = (visitor: () => VisitorIdentity | undefined) =>
		Object.fromEntries(TYPES.map((type) => [type, (argument: AnyCall) => call(type, argument, visitor())]));

	const client = {
		...callsFor(() => ports.scopes?.getStore()),
		flush,
		close(options: WaitOptions = {}) {
			closing ??= close(options);
			return closing;
		},
		async [Symbol.asyncDispose]() {
			await client.close();
		},
		drained: async () => delivery.room(),
		get size() {
			return delivery.size;
		},
		async scope(fn, { timeout = SCOPE_TIMEOUT } = {}) {
			try {
				return await fn(client);
			} finally {
				await flush({ timeout });
			}
		},
		fromRequest(request, given = {}) {
			const visitor = readVisitor(request, { trustProxy: options.trustProxy, ...given });
			const run = <T>(fn: () => T): T => {
				if (!ports.scopes)
					throw new TypeError("fromRequest: this runtime has no AsyncLocalStorage; call on the visitor");
				return ports.scopes.run(visitor, fn);
			};
			return { ...visitor, ...callsFor(() => visitor), run } as VisitorIdentity & BoundVisitor<Events>;
		},
		...(importer && {
			import: (events: PastEvents, given: ImportOptions = {}) =>
				ports.holdOpen(
					importer(events, given, { call: (type, event) => call(type, event, undefined), room: delivery.room }),
				),
		}),
		on(name, listener) {
			emitter.on(name, listener);
			return client;
		},
		off(name, listener) {
			emitter.off(name, listener);
			return client;
		},
	} as Client<Events>;
	return client;
}

/** The promise, or the end of the time, whichever comes first. */
function within(
	promise: Promise<void>,
	timeout: number | undefined,
	{ schedule }: Pick<Ports, "schedule">,
): Promise<void> {
	// No time at all, or longer than timers know.
	if (!((timeout as number) < 2 ** 31)) return promise;
	return new Promise((resolve) => {
		const cancel = schedule(resolve, Math.max(0, timeout as number));
		void promise.then(() => {
			cancel();
			resolve();
		});
	});
}

/** FNV-1a over the end of an id, where ids differ: which class of people it is in. */
function hash(id: string | number | null | undefined): number {
	const text = typeof id === "string" ? id : String(id);
	let value = 0x811c9dc5;
	for (let i = Math.max(0, text.length - 16); i < text.length; i++) {
		value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
	}
	return (value ^ (value >>> 15)) >>> 0;
}
