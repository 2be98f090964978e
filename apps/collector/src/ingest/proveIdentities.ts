import { normaliseValue } from "@selfsame/identity";
import type { AcceptedEvent, WarningCode } from "@selfsame/protocol";
import { MAX_WARNINGS, type ParsedBatch } from "@selfsame/protocol/schema";
import type { KnownSource } from "../auth/createSourceBook.ts";
import type { Verifier } from "../auth/createVerifier.ts";

/**
 * Holds each `userId` of a client source against its token. Unproven ones are reported; where the source enforces, they
 * are kept as `claimedUserId` and identify nobody, so the event stays with its anonymous profile. A proof may vouch for
 * the user's email as well, which then identifies. A group's traits and members are shared by many, so where the source enforces,
 * a `group` call without proof writes neither.
 *
 * @returns how many were unproven.
 */
export async function proveIdentities(batch: ParsedBatch, source: KnownSource, verifier: Verifier): Promise<number> {
	const mode = source.options.identityVerification ?? "off";
	if (mode === "off" || source.trust === "server") return 0;
	let unproven = 0;
	for (const [at, event] of batch.events.entries()) {
		const { claims } = event;
		if (claims.userId === undefined) {
			if (mode === "enforce") keepOutOfGroup(batch, at, event);
			continue;
		}
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
			keepOutOfGroup(batch, at, event);
		}
	}
	return unproven;
}

/** The event stays, with its group's id and traits as it says them; they are nobody's membership and no group's traits. */
function keepOutOfGroup(batch: ParsedBatch, at: number, event: AcceptedEvent): void {
	if (event.type !== "group") return;
	const { groupId } = event.claims;
	delete event.claims.groupId;
	const claimed = { ...(groupId !== undefined && { groupId }), ...(event.traits && { traits: event.traits }) };
	delete event.traits;
	event.payload = JSON.stringify({ ...(JSON.parse(event.payload) as object), claimedGroup: claimed });
	note(
		batch,
		at,
		"unproven_group",
		"This source asks for an `identityToken` with every `group` call: nobody joined, and the group's traits stay.",
	);
}

function warn(batch: ParsedBatch, at: number, token: unknown): void {
	const detail =
		token === undefined
			? "This source asks for an `identityToken` with every `userId`; the event had none."
			: "The `identityToken` does not prove this `userId`: check kid, aud, sub, exp (at most 1 h) and the secret.";
	note(batch, at, "unproven_user_id", detail);
}

function note({ warnings, indexes }: ParsedBatch, at: number, code: WarningCode, detail: string): void {
	if (warnings.length < MAX_WARNINGS) warnings.push({ index: indexes[at] ?? at, code, detail });
}
