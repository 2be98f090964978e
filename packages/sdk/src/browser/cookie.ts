import { safely } from "../core/safely.ts";

/**
 * Reads a cookie; with a value, writes it. `maxAge` in seconds: 0 makes a session cookie, below that it is erased.
 * Unreadable or forbidden gives undefined.
 */
export function cookie(name: string, value?: string, domain?: string, maxAge = 0): string | undefined {
	return safely(() => {
		if (value !== undefined) {
			// biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is asynchronous and not everywhere
			document.cookie =
				`${name}=${encodeURIComponent(value)};path=/;samesite=lax` +
				(domain ? `;domain=${domain}` : "") +
				(maxAge ? `;max-age=${maxAge}` : "") +
				(location.protocol === "https:" ? ";secure" : "");
		}
		const found = document.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`));
		return found && decodeURIComponent(found.slice(name.length + 1));
	});
}

/** The widest domain that takes a cookie: browsers refuse public suffixes, so the first that sticks is it. */
export function widestDomain(): string {
	const parts = location.hostname.split(".");
	for (let i = parts.length - 2; i >= 0; i--) {
		const domain = parts.slice(i).join(".");
		const stuck = cookie("selfsame_try", "1", domain);
		cookie("selfsame_try", "", domain, -1);
		if (stuck) return domain;
	}
	return "";
}
