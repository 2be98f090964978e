import { usableId } from "../../core/usableId.ts";
import type { Id, RequestLike, VisitorIdentity } from "../types.ts";
import { clientAddress } from "./clientAddress.ts";
import { maskUrl } from "./maskUrl.ts";

type NodeHeaders = Record<string, string | readonly string[] | undefined>;

export interface ReadVisitorOptions {
	userId?: Id | undefined;
	ip?: string | undefined;
	trustProxy?: boolean | number | undefined;
}

/** The cookies of `selfsame/browser` and of Segment's analytics.js, which may quote its own. */
const COOKIES = ["selfsame_id", "ajs_anonymous_id"];
/** The collector refuses longer ids. */
const LONGEST_ID = 1_024;

/** Reads who sent a request. Never throws: a request says what it likes, and what is unreadable is left out. */
export function readVisitor(request: RequestLike, options: ReadVisitorOptions = {}): VisitorIdentity {
	const header = headerReader(request);
	const ip = options.ip ?? clientAddress(request.socket?.remoteAddress, header, options.trustProxy);
	const userAgent = header("user-agent");
	const locale = header("accept-language")?.split(/[,;]/, 1)[0]?.trim();
	const page = readPage(request, header);
	return {
		anonymousId: readAnonymousId(header("cookie")),
		userId: options.userId,
		context: {
			...(ip && { ip }),
			...(userAgent && { userAgent }),
			...(locale && locale !== "*" && { locale }),
			...(page && { page }),
		},
	};
}

function headerReader({ headers }: RequestLike): (name: string) => string | undefined {
	const isFetch = typeof headers.get === "function";
	return (name) => {
		const value = isFetch ? (headers as Headers).get(name) : (headers as NodeHeaders)[name];
		return typeof value === "object" ? value?.join(", ") : value;
	};
}

function readAnonymousId(cookies = ""): string | undefined {
	for (const name of COOKIES) {
		const [, value = ""] = new RegExp(`(?:^|;)\\s*${name}=([^;]*)`).exec(cookies) ?? [];
		// The collector would refuse a longer one; cut first, since what follows looks at each character.
		const id = unquote(decode(value.trim().slice(0, 4 * LONGEST_ID)));
		if (usableId(id) !== undefined) return id;
	}
	return undefined;
}

function unquote(text: string): string {
	let [from, to] = [0, text.length];
	while (from < to && text[from] === '"') from++;
	while (from < to && text[to - 1] === '"') to--;
	return text.slice(from, to);
}

function decode(text: string): string {
	try {
		return decodeURIComponent(text);
	} catch {
		return text;
	}
}

/** The page the visitor is on: the request itself where it loads a document, else the page that made the request. */
function readPage(request: RequestLike, header: (name: string) => string | undefined): object | undefined {
	const referrer = header("referer");
	const method = request.method ?? "GET";
	const loads =
		header("sec-fetch-dest") === "document" || (method === "GET" && (header("accept") ?? "").includes("text/html"));
	const url = loads ? absoluteUrl(request, header) : referrer;
	if (!url || !URL.canParse(url)) return undefined;
	const masked = maskUrl(url);
	const { pathname, search } = new URL(masked);
	return { url: masked, path: pathname, search, ...(loads && referrer && { referrer: maskUrl(referrer) }) };
}

function absoluteUrl(request: RequestLike, header: (name: string) => string | undefined): string | undefined {
	const url = request.originalUrl ?? request.url ?? "";
	if (/^https?:/i.test(url)) return url;
	const host = header("x-forwarded-host") ?? header("host");
	if (!host) return undefined;
	const secure = request.socket?.encrypted || header("x-forwarded-proto")?.startsWith("https");
	return `${secure ? "https" : "http"}://${host}${url}`;
}
