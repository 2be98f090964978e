import { type IdentityClaims, identityPayload } from "../server/identityClaims.ts";
import { builtin } from "./builtin.ts";

/**
 * Makes the proof that a user is who the page says: a JWT (HS256) for `identityToken` of an event, or of the browser
 * client. Call it on your server for the user who is signed in, and give the page the token, never the secret.
 */
export function signIdentity(claims: IdentityClaims): string {
	const payload = identityPayload(claims, Date.now());
	return `${payload}.${builtin.crypto().createHmac("sha256", claims.secret).update(payload).digest("base64url")}`;
}
