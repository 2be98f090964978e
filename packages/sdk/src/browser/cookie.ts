import { safely } from "../core/safely.ts";

/** Undefined if there is none, or if it is forbidden to look. */
export function readCookie(name: string): string | undefined {
	return safely(() => {
		const found = document.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`));
		return found && decodeURIComponent(found.slice(name.length + 1));
	});
}

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
