import { normaliseValue } from "@selfsame/identity";
import { limits } from "@selfsame/protocol";
import { ingestPaths } from "./routes/ingestPaths.ts";

/** Why clients cannot be told this address, and what to write instead; null where they can. */
export function findUrlFault(text: string): string | null {
	const form = "write an address such as `https://events.shop.example` or `https://shop.example/collect`";
	if (/[\s*,]/.test(text) || !URL.canParse(text)) return form;
	const { protocol, host, pathname, hostname, username, password, search, hash } = new URL(text);
	if (!/^https?:$/.test(protocol) || hostname === "") return form;
	const path = ingestPaths.reduce(
		(rest, known) => (rest.endsWith(known.path) ? rest.slice(0, -known.path.length) : rest),
		pathname,
	);
	const plain = `${protocol}//${host}${path.replace(/\/selfsame\.js$/, "").replace(/\/$/, "")}`;
	if (/^(0\.0\.0\.0|\[::\])$/.test(hostname)) return `nobody reaches ${hostname}; ${form}`;
	if (username || password || search || hash) return `it has no user, query or fragment; write \`${plain}\``;
	return path === pathname ? null : `clients add the path; write \`${plain}\``;
}

/** Why no id is ever this placeholder, and what to write instead; null where one may be. */
export function findBlockedValueFault(text: string): string | null {
	if (!text.isWellFormed() || text.includes("\0")) return "NUL and lone surrogates arrive as U+FFFD; leave it out";
	if (text.length > limits.idLength || Buffer.byteLength(text) > limits.idBytes)
		return `an id has at most ${limits.idLength} characters and ${limits.idBytes} bytes; leave it out`;
	const plain = normaliseValue(text) ?? "";
	if (plain === "") return "empty ids identify nobody anyway; leave it out";
	return plain === text
		? null
		: `ids are compared without white space and quotes around them; write ${JSON.stringify(plain)}`;
}

/** Why no trait has this name, in whatever spelling; null where one may. */
export function findTraitNameFault(text: string): string | null {
	return /[^\s_.$-]/u.test(text) ? null : "spellings differ in these characters alone; write a name such as `phone`";
}
