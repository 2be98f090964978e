/** A value as a cookie can carry it: any text, no personal data to read in passing. */
export function packCookie(value: object): string {
	return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** What `packCookie` packed; null for anything else. The shop shows it to its own visitor alone, so it is not signed. */
export function unpackCookie<T extends object>(text: string | undefined): T | null {
	if (!text) return null;
	try {
		const value: unknown = JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
		return typeof value === "object" && value !== null ? (value as T) : null;
	} catch {
		return null;
	}
}
