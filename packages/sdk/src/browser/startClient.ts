import { createQueue } from "../core/createQueue.ts";
import {
	type AnyEvents,
	buildEvent,
	createMessageId,
	type Delivery,
	type EventInput,
	type WireEvent,
} from "../core/index.ts";
import { normalizeCall } from "../core/normalizeCall.ts";
import { safely } from "../core/safely.ts";
import { createContext, type Moment } from "./createContext.ts";
import { createIdentity } from "./createIdentity.ts";
import { createLock } from "./createLock.ts";
import { createSend, room } from "./createSend.ts";
import { linkDomains } from "./linkDomains.ts";
import type { Client, ClientOptions, Consent, Plugin } from "./options.ts";
import { watchPages } from "./watchPages.ts";

/** A call made before the script had loaded: method, arguments, its promise, and the moment it was made. */
export type EarlyCall = [keyof Client, unknown[], (result: unknown) => void, number, string, string, string];

type Signals = Navigator & { globalPrivacyControl?: boolean };
const YEAR = 34_560_000;
const TOKEN_LIFE = 60_000;

/** Starts a client in a page. `early` calls are made first, each with the page and the time of its own moment. */
export function startClient<Events extends object = AnyEvents>(
	options: ClientOptions,
	early: EarlyCall[] = [],
	expose: (client: Client<Events>) => void = () => {},
): Client<Events> {
	const { writeKey, host, getIdentityToken, pageViews = true, gpc = "limit" } = options;
	const signal = (navigator as Signals).globalPrivacyControl
		? "gpc"
		: options.dnt && navigator.doNotTrack === "1"
			? "dnt"
			: "";
	const limited = !!signal && gpc === "limit";
	const decide = (wish: Consent = "granted") => (signal && gpc === "deny" ? "denied" : wish);
	let consent = decide(options.consent);
	const timeout = +(options.timeout ?? 15_000);
	let { categories } = options;
	const { storage = "device" } = options;
	const forDevice = storage === "device" && !limited;
	const area = storage === "none" ? undefined : safely(() => (forDevice ? localStorage : sessionStorage));
	const now = Date.now;
	const prefix = `selfsame:${writeKey}:`;
	const plugins: Plugin[] = [];
	// One call of the system's generator serves many ids.
	let pool = new Uint8Array();
	const newId = createMessageId({
		now,
		randomBytes(length) {
			if (pool.length < length) pool = crypto.getRandomValues(new Uint8Array(2048));
			const bytes = pool.subarray(0, length);
			pool = pool.subarray(length);
			return bytes;
		},
	});
	const contextOf = createContext(options.maskParams ?? [], limited);
	const log = (...message: unknown[]) => {
		if (options.debug) console.debug("selfsame:", ...message);
	};
	const identity = createIdentity({
		area,
		maxAge: forDevice ? YEAR : 0,
		domain: options.cookieDomain,
		mayWrite: () => consent === "granted",
		newId,
	});

	let proof: [user: unknown, token: string | undefined, at: number] | undefined;
	function token(texts: string[], leaving: boolean) {
		const user = identity.current().u;
		const claim = `"userId":${JSON.stringify(user)}`;
		if (!getIdentityToken || user == null || !texts.some((text) => text.includes(claim))) return;
		const known = proof?.[0] === user ? proof : undefined;
		if (leaving || (known && Math.abs(now() - known[2]) < TOKEN_LIFE)) return known?.[1];
		// Without proof, or when it is late, the events still go: it can bring them along later.
		return new Promise<string | undefined>((resolve) => {
			setTimeout(resolve, timeout);
			(async () => {
				const fresh = await getIdentityToken(`${user}`);
				proof = [user, fresh, now()];
				resolve(fresh);
			})().catch(() => resolve(undefined));
		});
	}

	const queue = createQueue({
		store: {
			keys: () =>
				Object.keys(area as Storage)
					.filter((key) => key.startsWith(prefix))
					.map((key) => key.slice(prefix.length)),
			get: (key) => (area as Storage).getItem(prefix + key),
			set: (key, value) => (area as Storage).setItem(prefix + key, value),
			remove: (key) => (area as Storage).removeItem(prefix + key),
		},
		send: createSend({
			url: `${host.replace(/\/+$/, "")}/v1/batch`,
			writeKey,
			// A cookie of this browser session must not become one for a year.
			credentials: options.serverCookie && forDevice ? "include" : "omit",
			timeout,
			token,
		}),
		room,
		lock: createLock(`${prefix}lock`, area),
		timer(work, ms) {
			const id = setTimeout(work, ms);
			return () => clearTimeout(id);
		},
		online: () => navigator.onLine,
		now,
		random: Math.random,
		onDrop(text, reason) {
			log("dropped", reason, text);
			safely(() => options.onDrop?.(JSON.parse(text), reason));
		},
		interval: +(options.flushInterval ?? 500),
		flushAt: +(options.flushAt ?? 20),
	});

	/** The page and the time of a call made before the script had loaded. */
	let past: Moment | undefined;
	const moment = (): Moment =>
		past ?? { now: now(), url: location.href, title: document.title, referrer: document.referrer };
	let lastKey = "";

	/** Takes an event through the plugins into the queue. */
	async function send(event: WireEvent, key = newId()): Promise<Delivery> {
		const { messageId } = event;
		const dropped = (reason: string): Delivery => ({ status: "dropped", reason, messageId });
		let delivery = dropped("denied");
		try {
			if (consent !== "denied") {
				for (const plugin of plugins) {
					const result = plugin.before?.(event);
					if (result === null) return dropped(`plugin:${plugin.name}`);
					if (result && "send" in result) return result.send(event);
					if (result) event = result;
				}
				lastKey = key;
				const outcome = queue.enqueue(key, JSON.stringify(event));
				log(event.type, event);
				delivery = { ...(await outcome), messageId };
			}
		} catch (error) {
			delivery = dropped(`error: ${error}`);
		}
		log(delivery.status, delivery.reason ?? "", event);
		for (const plugin of plugins) safely(() => plugin.after?.(event, delivery));
		return delivery;
	}

	function complete(input: EventInput, at: Moment, messageId: string): WireEvent {
		const { type, userId } = input;
		const { a, u } = type === "identify" && userId != null ? identity.setUser(userId) : identity.current();
		const context = contextOf(at);
		input.anonymousId ??= a;
		if (type === "alias") input.previousId ??= u ?? a;
		if (u != null) input.userId ??= u;
		if (type === "page") input.properties = { ...context.page, ...input.properties };
		return buildEvent(input, {
			now: at.now,
			messageId,
			context: {
				...context,
				...identity.session(at.now),
				...((signal || categories) && {
					consent: { ...(signal && { [signal]: true }), ...(categories && { categoryPreferences: categories }) },
				}),
			},
		});
	}

	function call(type: EventInput["type"], args: unknown[], at = moment()): Promise<Delivery> {
		const key = newId();
		let result: Promise<Delivery>;
		let callback: ((delivery: Delivery) => void) | undefined;
		try {
			const [input, then] = normalizeCall(type, args);
			callback = then;
			result = send(complete(input, at, key), key);
		} catch (error) {
			log(error);
			result = Promise.resolve({ status: "dropped", reason: `error: ${error}`, messageId: "" });
		}
		// Outside of this call, so that an error of the site's is an ordinary uncaught error.
		if (callback) result.then((delivery) => setTimeout(callback as () => void, 0, delivery));
		return result;
	}

	let viewed = () => {};
	let view: [key: string, url: string] | undefined;
	const verb =
		(type: EventInput["type"]) =>
		(...args: unknown[]) =>
			call(type, args);

	const client = {
		track: verb("track"),
		identify: verb("identify"),
		page(...args: unknown[]) {
			// The site views its page itself: the view of its own accord steps back if it can.
			if (view?.[1] === location.href) queue.cancel(view[0], "replaced");
			viewed();
			return call("page", args);
		},
		screen: verb("screen"),
		group: verb("group"),
		alias: verb("alias"),
		reset() {
			identity.renew();
		},
		async ready(callback?: () => void) {
			callback?.();
		},
		flush: queue.flush,
		getAnonymousId: () => identity.current().a,
		setAnonymousId: identity.setAnonymousId,
		setConsent(wish: Consent, allowed = categories) {
			categories = allowed;
			consent = decide(wish);
			applyConsent();
		},
		use(...added: Plugin[]) {
			for (const plugin of added) {
				plugins.push(plugin);
				safely(() => plugin.setup?.(client));
			}
			return client;
		},
		send,
	} as unknown as Client<Events> & Client;

	function applyConsent() {
		if (consent === "granted") {
			identity.persist();
			queue.resume();
		} else if (consent === "pending") queue.pause();
		else {
			queue.purge();
			identity.forget();
		}
	}

	applyConsent();
	if (limited) safely(() => localStorage.removeItem("selfsame_id"));
	if (options.linkDomains && !limited) {
		linkDomains(options.linkDomains, client.getAnonymousId, (id) => {
			if (identity.current().u == null) identity.setAnonymousId(id);
		});
	}
	// In the capture phase, because `freeze` and `resume` are the document's.
	for (const name of ["online", "resume"]) addEventListener(name, queue.flush, true);
	for (const name of ["pagehide", "freeze"]) addEventListener(name, () => queue.leave(true), true);
	addEventListener("pageshow", (event) => event.persisted && queue.flush());
	document.addEventListener("visibilitychange", () => document.hidden && queue.leave(false));
	client.use(...(options.plugins ?? []));
	if (pageViews) {
		viewed = watchPages(pageViews, (from) => {
			lastKey = "";
			call("page", [], { ...moment(), ...(from && { referrer: from }) });
			view = [lastKey, location.href];
		});
	}
	expose(client);
	for (const [method, args, resolve, time, url, title, referrer] of early) {
		past = { now: time, url, title, referrer };
		resolve((client[method] as (...args: unknown[]) => unknown)(...args));
		past = undefined;
	}
	return client;
}
