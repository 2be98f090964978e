import type { AnyEvents, Delivery, EventName, PropertiesArgs, WireEvent } from "../core/index.ts";
import type { Callback, CallOptions } from "../core/normalizeCall.ts";

export type Consent = "granted" | "pending" | "denied";

/** The options of `createClient`. In a script tag each is a `data-` attribute: `data-write-key`, `data-consent`, ... */
export interface ClientOptions {
	/** The public write key of a client source. */
	writeKey: string;
	/** The collector, such as `https://events.shop.example`. */
	host: string;
	/**
	 * `granted` (default): collect. `pending`: keep events in memory with their times, write nothing to the device and
	 * send nothing until `setConsent` decides. `denied`: drop every call, and erase what is on the device.
	 */
	consent?: Consent;
	/** What the visitor allowed, by purpose; goes into `context.consent.categoryPreferences`. */
	categories?: Record<string, boolean>;
	/**
	 * What a Global Privacy Control signal does. `limit` (default): ids live for the session only, click ids and
	 * cross-domain links are dropped. `deny`: as if consent were denied. `mark`: nothing else. All but `deny` mark every
	 * event with `context.consent.gpc`.
	 */
	gpc?: "limit" | "deny" | "mark";
	/** Treats Do Not Track as `gpc` says; marks events with `context.consent.dnt`. Default false. */
	dnt?: boolean;
	/**
	 * Where ids and undelivered events are kept. `device` (default): a cookie and localStorage. `session`: a session
	 * cookie and sessionStorage. `none`: in memory, for this page view only.
	 */
	storage?: "device" | "session" | "none";
	/** The domain of the cookie. Default: the widest that the browser allows, so that subdomains share it. */
	cookieDomain?: string;
	/** Lets the collector refresh the cookie: sends credentials; the collector must list this origin. Default false. */
	serverCookie?: boolean;
	/**
	 * Views of pages by themselves: at load, on a change of route, on return from the back-forward cache, when a
	 * prerendered page is shown. `true` (default): a new path is a new page. `search`: a new query too. `hash`: a new
	 * query or hash too. `false`: only `page()` calls. A `page()` call in the first moment of a page stands in for its
	 * view.
	 */
	pageViews?: boolean | "search" | "hash";
	/** Names of query parameters whose values are masked in URLs, besides the usual secrets (`token`, `password`, ...). */
	maskParams?: string[];
	/** Other domains of yours: links to them carry the anonymous id for two minutes. Both sides list each other. */
	linkDomains?: string[];
	/**
	 * Called before identified events are sent: a short-lived JWT from your backend that proves the user id. Asked again
	 * after a minute. Without an answer in time the events go unproven.
	 */
	getIdentityToken?: (userId: string) => Promise<string | undefined> | string | undefined;
	/** ms an event may wait for company. Default 500. */
	flushInterval?: number;
	/** Events of this page that end the wait at once. Default 20. */
	flushAt?: number;
	/** ms until a request without an answer counts as failed. Default 15,000. */
	timeout?: number;
	/** Explains every event in the console. Default false. */
	debug?: boolean;
	/** Told of every event that will never arrive, and why. */
	onDrop?: (event: WireEvent, reason: string) => void;
	plugins?: Plugin[];
}

// biome-ignore lint/suspicious/noConfusingVoidType: a hook that only changes the event returns nothing
type PluginResult = WireEvent | Client | null | undefined | void;

/** Sees every event of a client. */
export interface Plugin {
	name: string;
	/** Called once, when the plugin is added. */
	setup?(client: Client): void;
	/**
	 * Called with each event before it is stored. May change it in place or return another one; `null` drops it; another
	 * client takes it over. A promise of one of these is waited for, and the event is stored after it. An error drops the
	 * event too: a hook that hides something must not let it through.
	 */
	before?(event: WireEvent): PluginResult | Promise<PluginResult>;
	/** Called when it is known what became of the event: once. */
	after?(event: WireEvent, delivery: Delivery): void;
}

type Id = string | number;
type Rest = [options?: CallOptions | null, callback?: Callback];

/**
 * Method names and argument orders are those of analytics.js. Verbs never throw and never reject: they resolve to what
 * became of the event. What is left out at the end may be replaced by the callback.
 */
export interface Client<Events extends object = AnyEvents> {
	track<E extends EventName<Events>>(event: E, ...args: PropertiesArgs<Events[E], Rest>): Promise<Delivery>;
	track<E extends EventName<Events>>(event: E, properties: Events[E], callback: Callback): Promise<Delivery>;
	identify(userId: Id | null | undefined, traits?: object | null, ...rest: Rest): Promise<Delivery>;
	identify(userId: Id, callback: Callback): Promise<Delivery>;
	identify(traits?: object, ...rest: Rest): Promise<Delivery>;
	page(
		category: string | null | undefined,
		name: string | null | undefined,
		properties?: object | null,
		...rest: Rest
	): Promise<Delivery>;
	page(name: string | null | undefined, properties?: object | null, ...rest: Rest): Promise<Delivery>;
	page(properties?: object, ...rest: Rest): Promise<Delivery>;
	screen(
		category: string | null | undefined,
		name: string | null | undefined,
		properties?: object | null,
		...rest: Rest
	): Promise<Delivery>;
	screen(name: string | null | undefined, properties?: object | null, ...rest: Rest): Promise<Delivery>;
	screen(properties?: object, ...rest: Rest): Promise<Delivery>;
	group(groupId: Id | null | undefined, traits?: object | null, ...rest: Rest): Promise<Delivery>;
	group(traits?: object, ...rest: Rest): Promise<Delivery>;
	/** Without a `previousId`: the user or else the anonymous id that was current. */
	alias(userId: Id, previousId?: Id | null, ...rest: Rest): Promise<Delivery>;
	alias(userId: Id, options: CallOptions, callback?: Callback): Promise<Delivery>;
	/** Forgets the user and starts a new anonymous id: call it at sign-out. */
	reset(): void;
	/** Calls back once the client is there: at once, unless calls are made before the script has loaded. */
	ready(callback?: () => void): Promise<void>;
	/** Sends what is queued now. Resolves after the last verdict or the first failed attempt. */
	flush(): Promise<void>;
	getAnonymousId(): string;
	setAnonymousId(id: string): string;
	/** The visitor decided. `granted` sends what was kept while pending; `denied` erases everything from the device. */
	setConsent(consent: Consent, categories?: Record<string, boolean>): void;
	use(...plugins: Plugin[]): Client<Events>;
	/** Hands over a finished event, as a plugin's redirect does. */
	send(event: WireEvent): Promise<Delivery>;
}
