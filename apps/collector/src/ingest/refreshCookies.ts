import type { AcceptedEvent } from "@selfsame/protocol";
import type { ReadHeader } from "../auth/readWriteKey.ts";
import type { SourceOptions } from "../auth/sourceOptions.ts";

/** The browser SDK's cookie with the anonymous id. It reads it from script, so it cannot be HttpOnly. */
const ID = "selfsame_id";
/** Says for a day that the first one was refreshed. */
const REFRESHED = "selfsame_refreshed";
/** Seconds. */
const YEAR = 365 * 24 * 60 * 60;
const DAY = 24 * 60 * 60;

/**
 * What an answer sets: the anonymous id that the request's cookie holds, for another year, under the attributes that the
 * SDK gives it. Browsers end cookies that scripts wrote within days, and keep those that a server set.
 *
 * It makes no cookie where there is none: without consent the SDK has none. And once a day is enough: a page that
 * resets its id while an answer is under way would get the former one back.
 */
export function refreshCookies(
	header: ReadHeader,
	options: SourceOptions["serverCookie"],
	events: readonly AcceptedEvent[],
): readonly string[] {
	const origin = header("origin");
	if (!options || origin === undefined || !options.origins.includes(origin)) return [];
	const cookies = header("cookie") ?? "";
	const held = readCookie(cookies, ID);
	if (held === undefined || readCookie(cookies, REFRESHED) !== undefined) return [];
	// Events of an id that was reset since may still be on their way: only the present one is refreshed.
	const latest = events.findLast(({ claims }) => claims.anonymousId !== undefined);
	if (latest?.claims.anonymousId !== held) return [];
	// Same site always, since pages elsewhere could not read it: Lax is enough.
	const attributes =
		`; Path=/; SameSite=Lax` +
		(options.domain ? `; Domain=${options.domain}` : "") +
		(origin.startsWith("https:") ? "; Secure" : "");
	return [
		`${ID}=${encodeURIComponent(held)}; Max-Age=${YEAR}${attributes}`,
		`${REFRESHED}=1; Max-Age=${DAY}; HttpOnly${attributes}`,
	];
}

function readCookie(cookies: string, name: string): string | undefined {
	const found = cookies.split(/; */).find((pair) => pair.startsWith(`${name}=`));
	try {
		return found && decodeURIComponent(found.slice(name.length + 1));
	} catch {
		return undefined;
	}
}
