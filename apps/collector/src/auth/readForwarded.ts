import { isIP } from "node:net";
import type { ReadHeader } from "./readWriteKey.ts";

/** What the proxies before this server say about a request. */
export interface Forwarded {
	/** Addresses as they were written, from the near end; null: one that is hidden, unknown, or no address. */
	hops: (string | null)[];
	/** How the sender spoke to the proxy of `hops[at]`, where `Forwarded` tells it for each. */
	elements: { proto?: string | undefined; host?: string | undefined }[];
}

/** Headers that only proxies add. With one of them a request is not what somebody on this machine sent. */
const forwardingHeaders = [
	...["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port"],
	...[
		"x-forwarded-prefix",
		"x-forwarded-server",
		"x-real-ip",
		"x-client-ip",
		"cf-connecting-ip",
		"true-client-ip",
		"via",
	],
];

/** Whether a proxy says that it passed this request on. */
export function isForwarded(header: ReadHeader): boolean {
	return forwardingHeaders.some((name) => header(name) !== undefined);
}

/** Whether a proxy says where this request came from. */
export function namesSender(header: ReadHeader): boolean {
	return header("x-forwarded-for") !== undefined || header("forwarded") !== undefined;
}

/**
 * Reads `X-Forwarded-For`, else `Forwarded` (RFC 7239). Most proxies write only the former, and pass the latter on as the
 * sender wrote it: where both are there, that one says nothing. Takes time in proportion to their length.
 */
export function readForwarded(header: ReadHeader): Forwarded {
	const plain = header("x-forwarded-for");
	if (plain !== undefined) return { hops: listOf(plain).reverse().map(readHop), elements: [] };
	const elements = splitOutsideQuotes(header("forwarded") ?? "", ",")
		.reverse()
		.map(readElement);
	return { hops: elements.map((element) => readHop(element.get("for") ?? "")), elements: elements.map(toElement) };
}

/** The first of a list that a header holds; undefined where it holds none. */
export function firstOf(value: string | undefined): string | undefined {
	return value === undefined ? undefined : listOf(value)[0];
}

/** Empty elements are none: proxies join what others left empty. */
function listOf(value: string): string[] {
	return value
		.split(",")
		.map((element) => element.trim())
		.filter((element) => element !== "");
}

/**
 * The address of one hop, without the port, brackets, quotes and zone that proxies write around it: `203.0.113.7:51234`
 * is `203.0.113.7`, `"[2001:db8::1]:443"` is `2001:db8::1`. Null where it is none.
 */
export function readHop(text: string): string | null {
	const plain = unquote(text.trim());
	const [, bracketed] = /^\[([^\]]*)\](?::\d{0,5})?$/.exec(plain) ?? [];
	const [, four] = /^([\d.]+):\d{0,5}$/.exec(plain) ?? [];
	const [address = ""] = (bracketed ?? four ?? plain).split("%", 1);
	return isIP(address) === 0 ? null : address;
}

function readElement(text: string): Map<string, string> {
	const pairs = new Map<string, string>();
	for (const pair of splitOutsideQuotes(text, ";")) {
		const equals = pair.indexOf("=");
		const name = pair.slice(0, equals).trim().toLowerCase();
		// What is there twice is said by two: the first is that of whoever wrote the rest.
		if (equals > 0 && !pairs.has(name)) pairs.set(name, unquote(pair.slice(equals + 1).trim()));
	}
	return pairs;
}

const toElement = (pairs: Map<string, string>) => ({ proto: pairs.get("proto"), host: pairs.get("host") });

function unquote(text: string): string {
	if (text.length < 2 || !text.startsWith('"') || !text.endsWith('"')) return text;
	return text.slice(1, -1).replace(/\\(.)/g, "$1");
}

/** The parts of a header between separators, those inside quotes left alone; empty parts are none. */
function splitOutsideQuotes(text: string, separator: string): string[] {
	const parts: string[] = [];
	let [start, quoted] = [0, false];
	for (let at = 0; at <= text.length; at++) {
		const character = text[at];
		if (quoted && character === "\\") at++;
		else if (character === '"') quoted = !quoted;
		else if (at >= text.length || (character === separator && !quoted)) {
			parts.push(text.slice(start, at));
			start = at + 1;
		}
	}
	if (start < text.length) parts.push(text.slice(start));
	return parts.filter((part) => part.trim() !== "");
}
