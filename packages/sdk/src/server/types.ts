import type { AnyEvents, Data, Delivery, EventName, PropertiesField } from "../core/index.ts";
import type { DeliveryError } from "./delivery/deliveryError.ts";

export type Id = string | number;

/**
 * Whom a call concerns. One of the two is needed, unless the call runs inside a request's scope (`fromRequest`), which
 * fills in what is missing. `anonymousId: null` keeps the scope's out: for a call about somebody else than the visitor.
 */
export type Identity =
	| { userId: Id; anonymousId?: Id | null }
	| { userId?: Id | null; anonymousId: Id }
	| { userId?: never; anonymousId?: never };

/** What every call may carry. */
export interface CallExtras {
	/** Merged over the request's context, key by key. */
	context?: Data;
	/** The event's own time: a Date, ms since 1970, or ISO 8601 (UTC where it names no zone). Default: the time of the call. */
	timestamp?: Date | string | number;
	/** Unique for ever, up to 256 characters: a second event with it is stored once. Default: a new one. */
	messageId?: string;
	integrations?: Data;
	/** Proof of `userId`, from `signIdentity()`. Only keys that are not secret need it. */
	identityToken?: string;
}

type Call<Fields> = Identity & CallExtras & Fields;
export type TrackCall<Events extends object, E extends EventName<Events>> = Call<
	{ event: E } & PropertiesField<Events[E]>
>;
export type IdentifyCall = Call<{ traits?: Data }>;
export type PageCall = Call<{ name?: string; category?: string; properties?: Data }>;
export type GroupCall = Call<{ groupId: Id; traits?: Data }>;
export type AliasCall = CallExtras & { userId?: Id; previousId: Id };

/** The calls of a client, with the argument shapes of `@segment/analytics-node`. */
export interface Calls<Events extends object = AnyEvents> {
	/** Something a person did. */
	track<E extends EventName<Events>>(call: TrackCall<Events, E>): Promise<Delivery>;
	/** Who a person is; with an `anonymousId` beside the `userId`, what they did before comes along. */
	identify(call: IdentifyCall): Promise<Delivery>;
	page(call: PageCall): Promise<Delivery>;
	screen(call: PageCall): Promise<Delivery>;
	/** The person belongs to a group; `traits` are the group's. */
	group(call: GroupCall): Promise<Delivery>;
	/** `previousId` and `userId` are the same person. */
	alias(call: AliasCall): Promise<Delivery>;
}

export interface WaitOptions {
	/** ms to wait at most. */
	timeout?: number;
}

/** An event that has ended, as listeners see it. */
export interface EndedEvent {
	messageId: string;
	/** Only of dropped ones; see `Delivery`. */
	reason?: string;
	/** The event as it was (to be) sent. Missing where only the spool had it. */
	event?: Record<string, unknown>;
}

export interface ClientEvents {
	/** A failed attempt (the events are kept and tried again), a lost spool, a listener that threw. */
	error: (error: DeliveryError | Error) => void;
	dropped: (event: EndedEvent) => void;
	delivered: (event: EndedEvent) => void;
}

export interface Client<Events extends object = AnyEvents> extends Calls<Events> {
	/**
	 * Sends what was called so far. Resolves once all of it, requests in flight included, is delivered or dropped, or when
	 * the time is up; never rejects. `pending` is how many events have not ended: 0 unless the time was up.
	 */
	flush(options?: WaitOptions): Promise<{ pending: number }>;
	/**
	 * Flushes and ends the client. When `timeout` (default 60 s) is up, what the spool holds is left to the next process
	 * (`queued`) and the rest is dropped with the reason `closed`, as are later calls.
	 */
	close(options?: WaitOptions): Promise<{ pending: number }>;
	[Symbol.asyncDispose](): Promise<void>;
	/** Resolves once the queue has room for an event. */
	drained(): Promise<void>;
	/** Events that have not ended. */
	readonly size: number;
	/**
	 * Runs `fn` and resolves with its result once everything called inside is delivered (or dropped, or `timeout` is up:
	 * default 10 s). For runtimes that freeze between calls, such as AWS Lambda.
	 */
	scope<T>(fn: (client: Client<Events>) => T | Promise<T>, options?: WaitOptions): Promise<T>;
	/** The visitor behind a request: `run(fn)` makes every call inside `fn` theirs, calls on the visitor itself are too. */
	fromRequest(request: RequestLike, options?: VisitorOptions): VisitorIdentity & BoundVisitor<Events>;
	/** Sends past events with their own times, in order, at full speed. See `ImportOptions`. */
	import(events: PastEvents, options?: ImportOptions): Promise<ImportResult>;
	on<K extends keyof ClientEvents>(name: K, listener: ClientEvents[K]): Client<Events>;
	off<K extends keyof ClientEvents>(name: K, listener: ClientEvents[K]): Client<Events>;
}

/** A request of any kind: Fetch (`Request`, Hono's `c.req.raw`), Node (`IncomingMessage`) or Express. */
export interface RequestLike {
	method?: string | undefined;
	/** Absolute, or the path of a Node request. */
	url?: string | undefined;
	/** Express: the path before a router cut it. */
	originalUrl?: string | undefined;
	headers: { get(name: string): string | null } | { readonly [name: string]: string | readonly string[] | undefined };
	socket?: { remoteAddress?: string | undefined; encrypted?: boolean } | undefined;
}

/** What a scope adds to the calls made in it. */
export interface VisitorIdentity {
	/** From our cookie, else Segment's. */
	readonly anonymousId: string | undefined;
	readonly userId: Id | undefined;
	readonly context: Record<string, unknown>;
}

export interface VisitorOptions {
	/** The user this request is authenticated as, where your code knows it. */
	userId?: Id | undefined;
	/** The visitor's address, where the framework knows it better than the request. */
	ip?: string | undefined;
}

export interface BoundVisitor<Events extends object> extends Calls<Events> {
	/** Runs `fn`; every call inside, however deep and late, knows this visitor, and no other request's. */
	run<T>(fn: () => T): T;
}

/** An event of the past: a call with its type and its own time. */
export interface PastEvent extends CallExtras {
	type: "track" | "identify" | "page" | "screen" | "group" | "alias";
	timestamp: Date | string | number;
	userId?: Id | null;
	anonymousId?: Id | null;
	event?: string;
	name?: string;
	category?: string;
	properties?: Data;
	traits?: Data;
	groupId?: Id;
	previousId?: Id;
}

/** Where they come from: an array, a generator, a stream of rows. */
export type PastEvents = AsyncIterable<PastEvent> | Iterable<PastEvent>;

export interface ImportOptions {
	/**
	 * Told at most once a batch. `position`: every event before it has ended, so an import that was interrupted goes on
	 * with `from: position`.
	 */
	onProgress?: (progress: ImportResult) => void;
	/** Skips the events before this position of the iterable. Default 0. */
	from?: number;
	/**
	 * Names the import. An event without a `messageId` gets one made from this name, its position and its content, so the
	 * same import run again stores nothing twice. Default `import`.
	 */
	name?: string;
}

export interface ImportResult {
	/** Events read from the iterable, skipped ones included. */
	read: number;
	delivered: number;
	dropped: number;
	position: number;
}

/** Options of both entries; the runtimes add theirs. */
export interface ClientOptions {
	/** The source's write key. */
	writeKey: string;
	/** The collector, such as `https://events.example.com`. Default `http://127.0.0.1:4600`. */
	host?: string;
	/** Events of a batch, 1 to 2,500. Default 500. A batch also leaves at 450 KB. */
	flushAt?: number;
	/** ms a batch waits for company. Default 1,000. Awaiting a call, and `flush()`, do not wait for it. */
	flushInterval?: number;
	/** Events that may wait. Default 100,000; with a spool only its size counts, unless this is set. */
	maxQueueSize?: number;
	/** Bytes that may wait. Default 64 MB; with a spool, its `maxBytes`. */
	maxQueueBytes?: number;
	/**
	 * A full queue drops its oldest event (default), the new one, or none: with `wait` the caller keeps within the bounds
	 * by `await client.drained()` before a call; calls past the bounds are still taken.
	 */
	overflow?: "drop-oldest" | "drop-newest" | "wait";
	/** Attempts after the first. Default: no end, the bounds of the queue decide what is lost in an outage. */
	maxRetries?: number;
	/** ms for one attempt, connecting and reading the answer included. Default 10,000. */
	timeout?: number;
	/** Compress requests. Default true. */
	gzip?: boolean;
	/** False: calls are checked and end as delivered at once, nothing is sent. For tests. Default true. */
	enabled?: boolean;
	/**
	 * How far `X-Forwarded-For` is believed for `context.ip`: `false` not at all; a number, that so many proxies stand in
	 * front; `true`, that its last address outside of private networks is the visitor's. Default: `true` where the peer's
	 * own address is private or unknown, as behind a proxy, else `false`.
	 */
	trustProxy?: boolean | number;
	/** Warn of each event that the collector rejects or remarks on, not only of what stops all events. Default false. */
	debug?: boolean;
}
