import { base64url, type IdentityClaims, identityPayload } from "../server/identityClaims.ts";

/**
 * Makes the proof that a user is who the page says: a JWT (HS256) for `identityToken` of an event, or of the browser
 * client. Call it on your server for the user who is signed in, and give the page the token, never the secret.
 */
export async function signIdentity(claims: IdentityClaims): Promise<string> {
	const payload = identityPayload(claims, Date.now());
	const encoder = new TextEncoder();
	const algorithm = { name: "HMAC", hash: "SHA-256" };
	const key = await crypto.subtle.importKey("raw", encoder.encode(claims.secret), algorithm, false, ["sign"]);
	const signature = await crypto.subtle.sign("HMAC", key, encoder.encode(payload));
	return `${payload}.${base64url(new Uint8Array(signature))}`;
}
