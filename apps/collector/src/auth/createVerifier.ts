import { normaliseValue } from "@selfsame/identity";
import { decodeProtectedHeader, jwtVerify } from "jose";
import type { KnownSource } from "./createSourceBook.ts";

/** What a token proves. */
interface Proof {
	/** The user id. */
	subject: string;
	/** The user's email, where the token has the claim `email`. */
	email: string | null;
}

/** Reads identity tokens: what a site's backend signed about who its visitor is. */
export interface Verifier {
	/** What a token proves for this source now; null when it proves nothing. */
	prove(token: string, source: Pick<KnownSource, "id" | "options">): Promise<Proof | null>;
}

/** ms. A token is a proof for a session's next requests, not a password. */
const MAX_LIFETIME = 60 * 60 * 1_000;
/** Seconds that the backend's clock and ours may differ. */
const CLOCK_TOLERANCE = 5;
/** Characters; one with a user id and a few claims has some 300. */
const MAX_LENGTH = 4_096;
const MAX_REMEMBERED = 5_000;

/** Rules: `docs/decisions/wire-contract.md`, "Whom to believe". */
export function createVerifier(now: () => number): Verifier {
	const remembered = new Map<string, Proof & { until: number }>();

	async function verify(token: string, { id, options }: Pick<KnownSource, "id" | "options">) {
		const { kid } = decodeProtectedHeader(token);
		const secret =
			typeof kid === "string" && Object.hasOwn(options.identitySecrets ?? {}, kid) && options.identitySecrets?.[kid];
		if (!secret) return null;
		const { payload } = await jwtVerify(token, new TextEncoder().encode(secret), {
			algorithms: ["HS256"],
			audience: id,
			requiredClaims: ["sub", "exp"],
			clockTolerance: CLOCK_TOLERANCE,
			currentDate: new Date(now()),
		});
		const until = (payload.exp ?? 0) * 1_000;
		if (until > now() + MAX_LIFETIME + CLOCK_TOLERANCE * 1_000) return null;
		// A subject that normalising changes, such as one in quotes, would prove another user than the site meant.
		if (typeof payload.sub !== "string" || normaliseValue(payload.sub) !== payload.sub) return null;
		return { subject: payload.sub, email: typeof payload.email === "string" ? payload.email : null, until };
	}

	return {
		async prove(token, source) {
			if (token.length > MAX_LENGTH) return null;
			// The secrets are part of the key: one that is taken away takes its tokens along.
			const key = JSON.stringify([source.id, source.options.identitySecrets, token]);
			const known = remembered.get(key);
			if (known) return known.until + CLOCK_TOLERANCE * 1_000 > now() ? known : null;
			const proof = await verify(token, source).catch(() => null);
			if (!proof) return null;
			if (remembered.size >= MAX_REMEMBERED) remembered.clear();
			remembered.set(key, proof);
			return proof;
		},
	};
}
