import { safely } from "../core/safely.ts";
import { usableId } from "../core/usableId.ts";
import { eraseCookies, readCookie, readCookies, widestDomain, writeCookie } from "./cookie.ts";

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
	/** Undefined where there is none, or it is not to be used. */
	area: Storage | undefined;
	/** Whether a cookie is read and written. It may work where the storage is off. */
	cookies: boolean;
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
export function createIdentity({ area, cookies, maxAge, domain, mayWrite, newId }: IdentityOptions) {
	/** The storage did not take the last state: only memory has it. */
	let isUnsaved = false;
	let state = read() ?? ({} as State);
	let cookieDomain = domain ?? state.d;
	const shared = (cookies && idOf(readCookie(NAME))) || state.a || (cookies && legacy());
	if (shared !== state.a) state = { a: shared as string };
	if (!state.a) state = { a: newId() };

	function read(): State | undefined {
		const stored: State | undefined = safely(() => JSON.parse(area?.getItem(NAME) as string)) ?? undefined;
		// What no collector takes is let go, whoever stored it.
		return stored && { ...stored, a: idOf(stored.a) as string, u: usableId(stored.u) };
	}

	function idOf(id: unknown): string | undefined {
		return typeof id === "string" ? (usableId(id) as string | undefined) : undefined;
	}

	/** An id that Segment's analytics.js left: quoted in its storage, sometimes in its cookie. */
	function legacy() {
		return idOf((readCookie(LEGACY) || safely(() => area?.getItem(LEGACY)) || "").replace(/"/g, ""));
	}

	function save(): boolean {
		if (!area || !mayWrite()) return false;
		const text = JSON.stringify({ ...state, d: cookieDomain });
		const isWritten = () =>
			safely(() => {
				area.setItem(NAME, text);
				return true;
			});
		isUnsaved = !isWritten();
		if (isUnsaved) {
			// A full storage has room for what takes the place of what was there; if not, better nothing than another person.
			safely(() => area.removeItem(NAME));
			isUnsaved = !isWritten();
		}
		return !isUnsaved;
	}

	function saveCookie() {
		cookieDomain ??= widestDomain();
		writeCookie(NAME, state.a, cookieDomain, maxAge);
		const [first, ...others] = readCookies(NAME);
		if (!others.length && first === state.a) return;
		eraseCookies(NAME);
		writeCookie(NAME, state.a, cookieDomain, maxAge);
	}

	function persist() {
		if (cookies && mayWrite()) saveCookie();
		save();
	}

	function current(): State {
		const stored = mayWrite() && !isUnsaved ? read() : state;
		if (stored?.a) state = stored;
		// Emptied meanwhile, or never taken: then only memory and the cookie of the start remain.
		else if (save() && cookies) saveCookie();
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
			if (cookies && readCookie(NAME)) eraseCookies(NAME);
			state = { a: newId() };
		},
	};
}
