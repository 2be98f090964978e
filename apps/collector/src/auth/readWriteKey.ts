/** Reads one header by its lower-case name. */
export type ReadHeader = (name: string) => string | undefined;

/**
 * The write keys that a request's headers and address may mean, best first; empty when they name none, and then the
 * body may. Where a key was given the next place is not asked: headers win over the address, the address over the body.
 */
export function readWriteKey(header: ReadHeader, query: () => string | null): readonly string[] {
	const authorization = header("authorization");
	if (authorization !== undefined) {
		const keys = readAuthorization(authorization);
		if (keys.length > 0) return keys;
	}
	const writeKey = header("x-write-key")?.trim();
	if (writeKey) return withoutSecret(writeKey);
	const fromAddress = query();
	return fromAddress ? withoutSecret(fromAddress) : [];
}

/** Jitsu writes keys as `id:secret`: the whole may be a key, or the part before the colon. */
export function withoutSecret(key: string): readonly string[] {
	const colon = key.indexOf(":");
	return colon > 0 ? [key, key.slice(0, colon)] : [key];
}

function readAuthorization(authorization: string): readonly string[] {
	const space = authorization.indexOf(" ");
	const scheme = authorization.slice(0, space).toLowerCase();
	const value = authorization.slice(space + 1).trim();
	if (scheme === "bearer" && value) return withoutSecret(value);
	if (scheme !== "basic" || !value) return [];
	// The password is empty for most clients; a `key:` must not be looked up with its colon.
	const pair = Buffer.from(value, "base64").toString("utf8");
	const user = pair.endsWith(":") ? pair.slice(0, -1) : pair;
	return user ? withoutSecret(user) : [];
}
