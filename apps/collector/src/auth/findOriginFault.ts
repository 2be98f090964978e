/** Origins whose scheme browsers know as their own, so that they write the rest in lower case. */
const ownSchemes = new Set(["chrome-extension", "moz-extension", "extension", "ms-browser-extension"]);

/**
 * Why no browser ever sends this text as `Origin`, and what it sends instead; null where one may. Origins are compared as
 * they stand: those of pages (`https://shop.example`), of web views and extensions (`capacitor://localhost`,
 * `chrome-extension://ID`, `file://`), and `null`, which pages without an origin of their own send.
 */
export function findOriginFault(text: string): string | null {
	if (text === "null") return null;
	if (text === "*") return "any origin may send where the option is left out: unset it";
	if (/[\s,;]/.test(text)) return "one origin each, without spaces and commas";
	if (text.includes("*")) return "wildcards match nothing; name each origin, such as `https://www.shop.example`";
	const [, scheme = "", rest = ""] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(text) ?? [];
	if (scheme === "") return findFaultWithoutScheme(text);
	if (/^https?$/i.test(scheme)) return findWebFault(text);
	if (/^wss?$/i.test(scheme))
		return `a page that opens a web socket has the origin \`http${scheme.slice(2)}://${rest}\``;
	if (/^(about|data|javascript|blob)$/i.test(scheme)) return "such pages send `null`";
	return findViewFault(text, scheme, rest);
}

function findFaultWithoutScheme(text: string): string {
	if (/^(about|data|javascript|blob):/i.test(text)) return "such pages send `null`";
	const [, host = ""] = /^(?:https?:)?\/{0,2}(.*)$/is.exec(text) ?? [];
	const isLocal = /^(localhost|127\.|\[::1\])/i.test(host);
	const guess = originOf(`${isLocal ? "http" : "https"}://${host}`);
	return `an origin has a scheme${guess ? `: write \`${guess}\`` : ", such as `https://shop.example`"}`;
}

function findWebFault(text: string): string | null {
	const origin = originOf(text);
	if (origin === null || /\.\./.test(text))
		return "this is no origin; one looks like `https://shop.example` or `http://localhost:3000`";
	return origin === text ? null : `browsers send \`${origin}\`: write that`;
}

/** What is no page of the web: apps in a web view, and extensions. */
function findViewFault(text: string, scheme: string, rest: string): string | null {
	const host = /^[^/?#]*/.exec(rest)?.[0] ?? "";
	const lowered = scheme.toLowerCase();
	const plain = `${lowered}://${ownSchemes.has(lowered) ? host.toLowerCase() : host}`;
	const isHost = /^[A-Za-z0-9._~-]+(:\d{1,5})?$/.test(host) || (host === "" && lowered === "file");
	if (!isHost)
		return "this is no origin; a web view's looks like `capacitor://localhost`, an extension's like `chrome-extension://ID`";
	return plain === text ? null : `browsers send \`${plain}\`: write that`;
}

function originOf(text: string): string | null {
	if (!URL.canParse(text)) return null;
	const { origin, hostname } = new URL(text);
	return hostname === "" ? null : origin;
}
