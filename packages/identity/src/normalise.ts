import type { IdentityConfig } from "./config.ts";

/** Placeholders that real clients send in the place of an id. Compared in lower case. */
const builtInBlocked: ReadonlySet<string> = new Set([
	"",
	"null",
	"undefined",
	"none",
	"nil",
	"nan",
	"n/a",
	"na",
	"anonymous",
	"anonymousid",
	"anon",
	"guest",
	"unknown",
	"user",
	"userid",
	"user_id",
	"id",
	"distinct_id",
	"distinctid",
	"email",
	"true",
	"false",
	"not_authenticated",
	"void",
	"-1",
	"(null)",
	"(not set)",
	"[object object]",
]);

/** Zeroed advertising ids, empty uuids and the like: shared by millions. */
const zeros = /^[0-]*$/;

/** `^[^@\s]+@[^@\s]+\.[^@\s]+$` in one pass: tried as a pattern, a long text of dots takes seconds. */
function looksLikeEmail(value: string): boolean {
	const at = value.indexOf("@");
	if (at < 1 || value.indexOf("@", at + 1) !== -1 || /\s/.test(value)) return false;
	const dot = value.indexOf(".", at + 2);
	return dot !== -1 && dot < value.length - 1;
}

/** What a workspace never takes for an identifier, prepared once for many look-ups. */
export type Blocked = (value: string) => boolean;

/** Decides for a whole workspace which values are placeholders: the built-in ones and its own. */
export function createBlocked(config: Pick<IdentityConfig, "blockedValues">): Blocked {
	const own = new Set(config.blockedValues.map((value) => value.toLowerCase()));
	return (value) => {
		if (zeros.test(value)) return true;
		const lower = value.toLowerCase();
		return builtInBlocked.has(lower) || own.has(lower);
	};
}

/**
 * The one spelling of an id: a number as JavaScript prints it, white space and matching pairs of quotes around it taken
 * off, repeatedly (`' "u1" '` is `u1`). Null for what is no id at all: arrays, objects, booleans, nothing.
 */
export function normaliseValue(raw: unknown): string | null {
	if (typeof raw === "number") return String(raw);
	if (typeof raw !== "string") return null;
	let value = raw.trim();
	while (value.length >= 2 && isQuote(value[0]) && value[0] === value[value.length - 1]) {
		value = value.slice(1, -1).trim();
	}
	return value;
}

function isQuote(character: string | undefined): boolean {
	return character === "'" || character === '"';
}

/** An email in the one spelling that identifies (lower case), or null where it does not look like one. */
export function normaliseEmail(raw: unknown): string | null {
	const value = normaliseValue(raw)?.toLowerCase() ?? "";
	return looksLikeEmail(value) ? value : null;
}
