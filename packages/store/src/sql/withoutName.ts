import { normaliseEmail, normaliseValue } from "@selfsame/identity";
import type { Claims, JsonObject } from "@selfsame/protocol";

interface Name {
	type: string;
	value: string | null;
}

/** An event's claims without those that made the identifier. */
export function withoutName(claims: Claims, { type, value }: Name): Claims {
	const kept: Claims = { ...claims };
	// A claim is kept as it was sent, in whatever spelling.
	const is = (raw: unknown) => (type === "email" ? normaliseEmail(raw) : normaliseValue(raw)) === value;
	if (type === "user_id" && is(kept.userId)) delete kept.userId;
	if (type === "anonymous_id" && is(kept.anonymousId)) delete kept.anonymousId;
	if (is(kept.previousId)) delete kept.previousId;
	if (type === "email" && kept.provenEmails) kept.provenEmails = kept.provenEmails.filter((email) => !is(email));
	if (type === "email" && kept.emails) kept.emails = kept.emails.filter((email) => !is(email));
	if (kept.externalIds) kept.externalIds = kept.externalIds.filter((own) => own.type !== type || !is(own.id));
	return kept;
}

/** An event's body without the external id that made the identifier. */
export function withoutExternalId(body: JsonObject, { type, value }: Name): JsonObject {
	const context = body.context as JsonObject | undefined;
	if (!Array.isArray(context?.externalIds)) return body;
	const externalIds = context.externalIds.filter((own) => {
		const { type: ownType, id } = (own ?? {}) as JsonObject;
		return ownType !== type || normaliseValue(id) !== value;
	});
	return { ...body, context: { ...context, externalIds } };
}
