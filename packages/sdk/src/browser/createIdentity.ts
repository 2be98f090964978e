import { safely } from "../core/safely.ts";
import { readCookie, widestDomain, writeCookie } from "./cookie.ts";

/** Who this device says it is. Kept under short names, because it is written often. */
interface State {
	/** Anonymous id. */
	a: string;
	/** User id. */
	u?: string | number | undefined;
	/** Start of the session, ms since 1970: its id. */
	s?: number;
	/** Last activity in the session, written at most once a minute. */
	l?: number;
	/** Domain of the cookie: finding it costs several looks at the cookies, and each may wait for another process. */
	d?: string | undefined;
}

export interface IdentityOptions {
	/** Undefined: nothing is read or written. */
	area: Storage | undefined;
	/** Lifetime of the cookie in seconds, 0 for the browser session. */
	maxAge: number;
	domain: string | undefined;
	mayWrite(): boolean;
	newId(): string;
}

const NAME = "selfsame_id";
const LEGACY = "ajs_anonymous_id";
const SESSION = 1_800_000;

/**
 * The ids of the device. The cookie holds the anonymous id for every subdomain, the storage mirrors it and holds the
 * rest; either one restores the other, and memory restores both. The cookie wins, and then the user of another
 * anonymous id is not its user. Read anew at every call, so that all tabs agree.
 */
export function createIdentity({ area, maxAge, domain, mayWrite, newId }: IdentityOptions) {
	let state = read() ?? ({} as State);
	let cookieDomain = domain ?? state.d;
	const shared = area && (readCookie(NAME) || state.a || legacy());
	if (shared !== state.a) state = { a: shared as string };
	if (!state.a) state = { a: newId() };

	function read(): State | undefined {
		return safely(() => JSON.parse(area?.getItem(NAME) as string)) ?? undefined;
	}

	/** An id that Segment's analytics.js left: quoted in its storage, sometimes in its cookie. */
	function legacy() {
		return (readCookie(LEGACY) || safely(() => area?.getItem(LEGACY)) || "").replace(/"/g, "");
	}

	const save = () =>
		safely(() => {
			if (!area || !mayWrite()) return false;
			area.setItem(NAME, JSON.stringify({ ...state, d: cookieDomain }));
			return true;
		});

	function saveCookie() {
		cookieDomain ??= widestDomain();
		writeCookie(NAME, state.a, cookieDomain, maxAge);
	}

	function persist() {
		if (area && mayWrite()) saveCookie();
		save();
	}

	function current(): State {
		const stored = mayWrite() ? read() : state;
		if (stored?.a) state = stored;
		// Emptied meanwhile, or never taken: then only memory and the cookie of the start remain.
		else if (save()) saveCookie();
		return state;
	}

	return {
		current,
		persist,
		/** Starts over with an anonymous id. */
		renew(id = newId()) {
			state = { a: id };
			persist();
			return id;
		},
		setAnonymousId(id: string) {
			state = { ...current(), a: id };
			persist();
			return id;
		},
		/** Someone else on the device starts over, so that two people never share an anonymous id. */
		setUser(user: string | number) {
			if (`${current().u ?? user}` !== `${user}`) state = { a: newId() };
			state.u = user;
			persist();
			return state;
		},
		/**
		 * The session of an event: over after 30 minutes without one, the same in all tabs. Looks at what `current` has
		 * just read.
		 */
		session(now: number): { sessionId: number; sessionStart?: true } {
			const { s, l = 0 } = state;
			const goesOn = s && Math.abs(now - l) < SESSION;
			if (!goesOn || Math.abs(now - l) > 60_000) {
				state = { ...state, s: goesOn ? s : now, l: now };
				save();
			}
			return goesOn ? { sessionId: s } : { sessionId: now, sessionStart: true };
		},
		/** Leaves nothing on the device. */
		forget() {
			safely(() => area?.removeItem(NAME));
			// Only if there is one: while consent is denied nothing at all is written.
			if (area && readCookie(NAME)) writeCookie(NAME, "", cookieDomain ?? widestDomain(), -1);
			state = { a: newId() };
		},
	};
}
