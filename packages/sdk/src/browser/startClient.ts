import { createQueue } from "../core/createQueue.ts";
import { eventText } from "../core/eventText.ts";
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
import { usableId } from "../core/usableId.ts";
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
const KNOWN = (
	"writeKey host consent categories gpc dnt storage cookieDomain serverCookie pageViews maskParams linkDomains " +
	"getIdentityToken flushInterval flushAt timeout debug onDrop plugins"
).split(" ");

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
	// What cannot be read is not given.
	const decide = (wish: Consent = "granted"): Consent =>
		signal && gpc === "deny" ? "denied" : /^(granted|denied)$/.test(wish) ? wish : "pending";
	let consent = decide(options.consent);
	const timeout = +(options.timeout ?? 15_000);
	let { categories } = options;
	const { storage = "device" } = options;
	const forDevice = storage === "device" && !limited;
	const cookies = storage !== "none";
	const area = (cookies && safely(() => (forDevice ? localStorage : sessionStorage))) || undefined;
	const now = Date.now;
	const prefix = `selfsame:${writeKey}:`;
	const plugins: Plugin[] = [];
	// One call of the system's generator serves many ids.
	let pool = new Uint8Array();
	const newId = createMessageId({
		now,
		randomBytes(length) {
			if (pool.length < length) {
				pool = new Uint8Array(2048);
				const filled = safely(() => crypto.getRandomValues(pool));
				if (!filled) pool = pool.map(() => Math.random() * 256);
			}
			const bytes = pool.subarray(0, length);
			pool = pool.subarray(length);
			return bytes;
		},
	});
	const contextOf = createContext(options.maskParams ?? [], limited);
	const log = (...message: unknown[]) => {
		if (options.debug) console.debug("selfsame:", ...message);
	};
	const warned = new Set<unknown>();
	const warn = (cause: unknown, text: string) => {
		if (warned.size < 50 && !warned.has(cause)) console.warn(`selfsame: ${text}`);
		warned.add(cause);
	};
	for (const name in options) {
		// The one that begins in the same way, or ends so, was probably meant.
		const meant = KNOWN.find((one) => one.slice(0, 4) === name.slice(0, 4) || one.slice(-4) === name.slice(-4));
		if (!KNOWN.includes(name)) warn(name, `no option ${name}; did you mean ${meant ?? KNOWN}?`);
	}
	if (/^sss_/.test(writeKey)) warn(1, "this is a secret key. Replace it, and take the write key (ssw_)");
	const identity = createIdentity({
		area,
		cookies,
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

	let tries = true;
	const queue = createQueue({
		store: {
			keys: () =>
				// Not every storage lists its keys as properties.
				Array.from({ length: (area as Storage).length }, (_, at) => (area as Storage).key(at) ?? "")
					.filter((key) => key.startsWith(prefix))
					.map((key) => key.slice(prefix.length)),
			get: (key) => (area as Storage).getItem(prefix + key),
			set: (key, value) => (area as Storage).setItem(prefix + key, value),
			remove: (key) => (area as Storage).removeItem(prefix + key),
		},
		send: createSend({
			url: `${host.replace(/\/+$/, "")}/v1/batch`,
			writeKey,
			warn(cause, text) {
				// What the collector remarks on single events is for whoever looks for it.
				if (typeof cause === "number" || cause === "server_key" || options.debug) warn(cause, text);
			},
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
		// Some web views say for ever that they are offline: every other look tries all the same.
		online() {
			tries = !tries;
			return navigator.onLine || tries;
		},
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
					let result = plugin.before?.(event);
					// As plugins of analytics.js are.
					if (result && "then" in result) result = await result;
					if (result === null) return dropped(`plugin:${plugin.name}`);
					if (result && "send" in result) return result.send(event);
					if (result) event = result;
				}
				lastKey = key;
				const text = eventText(event, (path) => warn(path, `${path} was left out: JSON cannot say it`));
				const outcome = queue.enqueue(key, text);
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
		const isUsable = userId == null || usableId(userId) != null;
		if (!isUsable) {
			warn("userId", `${JSON.stringify(userId)?.slice(0, 99)} is no user id: it is left out`);
			delete input.userId;
		}
		const { a, u } = type === "identify" && userId != null && isUsable ? identity.setUser(userId) : identity.current();
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
		setAnonymousId(id: string) {
			if (usableId(id) != null) return identity.setAnonymousId(id);
			warn("anonymousId", "what setAnonymousId was given is no id: nothing changed");
			return identity.current().a;
		},
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
			const at = { ...moment(), ...(from && { referrer: from }) };
			return () => {
				lastKey = "";
				call("page", [], { ...at, title: document.title });
				view = [lastKey, at.url];
			};
		});
	}
	expose(client);
	for (const [method, args, resolve, time, url, title, referrer] of early) {
		past = { now: time, url, title, referrer };
		// A method that no client has, or one that throws, costs the calls after it nothing.
		resolve(safely(() => (client[method] as (...args: unknown[]) => unknown)(...args)));
		past = undefined;
	}
	return client;
}
