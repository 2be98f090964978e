import type { JsonObject } from "@selfsame/protocol";
import { isbot } from "isbot";
import { truncateAddress } from "../auth/createProxyTrust.ts";
import type { KnownSource } from "../auth/createSourceBook.ts";

/** What the collector saw of a request, beside its body. */
export interface Seen {
	address(): string | undefined;
	userAgent: string | undefined;
}

/**
 * Makes the function that adds to an event's context what its source wants kept, and takes out what it must not keep:
 * `context.ip`, and `context.bot` for what says itself that it is one. Undefined when there is nothing to do.
 */
export function createObserver(
	source: Pick<KnownSource, "trust" | "options">,
	seen: Seen,
): ((context: JsonObject) => JsonObject) | undefined {
	const { ip } = source.options;
	// A backend's own user agent says nothing about its users.
	const fromBot = source.trust === "client" && seen.userAgent !== undefined && isKnownBot(seen.userAgent);
	if (ip === undefined && source.trust === "server") return undefined;
	return (context) => {
		const own = context.userAgent;
		const bot = fromBot || (typeof own === "string" && own !== seen.userAgent && isKnownBot(own));
		if (ip === undefined) return bot ? { ...context, bot } : context;
		const { ip: claimed, ...rest } = context;
		const address = keepAddress(ip, typeof claimed === "string" ? claimed : seen.address());
		return { ...rest, ...(address === undefined ? {} : { ip: address }), ...(bot ? { bot } : {}) };
	};
}

function keepAddress(ip: "off" | "truncated" | "kept", address: string | undefined): string | undefined {
	if (ip === "off" || address === undefined) return undefined;
	return ip === "kept" ? address : truncateAddress(address);
}

const verdicts = new Map<string, boolean>();
const MAX_VERDICTS = 2_000;
/** Longer than any browser's; what is beyond is not looked at. */
const MAX_USER_AGENT = 512;

/** The list is one long expression, and visitors share few user agents: their verdicts are remembered. */
function isKnownBot(userAgent: string): boolean {
	const text = userAgent.slice(0, MAX_USER_AGENT);
	const known = verdicts.get(text);
	if (known !== undefined) return known;
	if (verdicts.size >= MAX_VERDICTS) verdicts.clear();
	const verdict = isbot(text);
	verdicts.set(text, verdict);
	return verdict;
}
