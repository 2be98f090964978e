import { safely } from "../core/safely.ts";

/** Every cookie of the name, one a domain; none if it is forbidden to look. */
export function readCookies(name: string): string[] {
	const found = safely(() => document.cookie.split("; ").filter((pair) => pair.startsWith(`${name}=`))) ?? [];
	return found.map((pair) => {
		const value = pair.slice(name.length + 1);
		return safely(() => decodeURIComponent(value)) ?? value;
	});
}

export const readCookie = (name: string): string | undefined => readCookies(name)[0];

/** `maxAge` in seconds: 0 makes a session cookie, below that it is erased. Without a domain it is this host's alone. */
export function writeCookie(name: string, value: string, domain: string, maxAge: number): void {
	safely(() => {
		// biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is asynchronous and not everywhere
		document.cookie =
			`${name}=${encodeURIComponent(value)};path=/;samesite=lax` +
			(domain ? `;domain=${domain}` : "") +
			(maxAge ? `;max-age=${maxAge}` : "") +
			(location.protocol === "https:" ? ";secure" : "");
	});
}

/** Takes a cookie away from this host and from every domain above it: of several the browser shows one, and not the newest. */
export function eraseCookies(name: string): void {
	const parts = location.hostname.split(".");
	writeCookie(name, "", "", -1);
	for (let i = 0; i < parts.length - 1; i++) writeCookie(name, "", parts.slice(i).join("."), -1);
}

/** The widest domain that takes a cookie: browsers refuse public suffixes, so the first that sticks is it. */
export function widestDomain(): string {
	const parts = location.hostname.split(".");
	// An address has no wider domain.
	if (/\d$/.test(location.hostname)) return "";
	for (let i = parts.length - 2; i >= 0; i--) {
		const domain = parts.slice(i).join(".");
		writeCookie("selfsame_try", "1", domain, 0);
		if (readCookie("selfsame_try")) {
			writeCookie("selfsame_try", "", domain, -1);
			return domain;
		}
	}
	return "";
}
