import { normaliseValue } from "@selfsame/identity";
import type { ParsedBatch } from "@selfsame/protocol/schema";
import type { KnownSource } from "../auth/createSourceBook.ts";
import type { Verifier } from "../auth/createVerifier.ts";

/**
 * Holds each `userId` of a client source against its token. Unproven ones are reported; where the source enforces, they
 * are kept as `claimedUserId` and identify nobody, so the event stays with its anonymous profile. A proof may vouch for
 * the user's email as well, which then identifies.
 *
 * @returns how many were unproven.
 */
export async function proveIdentities(batch: ParsedBatch, source: KnownSource, verifier: Verifier): Promise<number> {
	const mode = source.options.identityVerification ?? "off";
	if (mode === "off" || source.trust === "server") return 0;
	let unproven = 0;
	for (const [at, event] of batch.events.entries()) {
		const { claims } = event;
		if (claims.userId === undefined) continue;
		const token = batch.tokens[at];
		const proof = typeof token === "string" ? await verifier.prove(token, source) : null;
		// Compared as identity will read it: what is proven is the user that this id becomes.
		if (proof && normaliseValue(claims.userId) === proof.subject) {
			event.proven = true;
			if (proof.email !== null) claims.provenEmails = [proof.email];
			continue;
		}
		unproven++;
		warn(batch, at, token);
		if (mode === "enforce") {
			claims.claimedUserId = claims.userId;
			delete claims.userId;
		}
	}
	return unproven;
}

const MAX_WARNINGS = 100;

function warn({ warnings, indexes }: ParsedBatch, at: number, token: unknown): void {
	if (warnings.length >= MAX_WARNINGS) return;
	const detail =
		token === undefined
			? "This source asks for an `identityToken` with every `userId`; the event had none."
			: "The `identityToken` does not prove this `userId`: check kid, aud, sub, exp (at most 1 h) and the secret.";
	warnings.push({ index: indexes[at] ?? at, code: "unproven_user_id", detail });
}
