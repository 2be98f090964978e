export interface IdentityClaims {
	/** The source's signing secret. Stays on your server. */
	secret: string;
	/** The id of that secret, so that it can be replaced while older tokens are still around (`kid`). */
	keyId: string;
	/** The user who is signed in (`sub`). */
	userId: string | number;
	/** The source the token is for, by its slug, such as `web` (`aud`). */
	source: string;
	/** Their email, where it is proven as well. */
	email?: string;
	/** Seconds the token is good for, 1 to 3,600. Default 3,600, the longest the collector believes. */
	expiresIn?: number;
}

const LONGEST = 3_600;

/** Header and payload of the token, encoded: what is signed. Throws a TypeError for claims no collector would believe. */
export function identityPayload(claims: IdentityClaims, now: number): string {
	const { secret, keyId, userId, source, email, expiresIn = LONGEST } = claims;
	for (const [name, value] of Object.entries({ secret, keyId, source })) {
		if (typeof value !== "string" || value === "") fail(`pass ${name}, a string`);
	}
	if ((typeof userId !== "string" && typeof userId !== "number") || userId === "") {
		fail("pass userId, the user who is signed in");
	}
	if (!(expiresIn >= 1 && expiresIn <= LONGEST)) {
		fail(`expiresIn is in seconds, 1 to ${LONGEST}`);
	}
	const issued = Math.floor(now / 1000);
	return [
		{ alg: "HS256", typ: "JWT", kid: keyId },
		{ sub: String(userId), aud: source, iat: issued, exp: issued + Math.floor(expiresIn), ...(email && { email }) },
	]
		.map((part) => base64url(new TextEncoder().encode(JSON.stringify(part))))
		.join(".");
}

function fail(message: string): never {
	throw new TypeError(`signIdentity: ${message}`);
}

export function base64(bytes: Uint8Array): string {
	return btoa(String.fromCharCode(...bytes));
}

export const base64url = (bytes: Uint8Array): string =>
	base64(bytes).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
