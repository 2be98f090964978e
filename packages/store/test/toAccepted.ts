import type { AcceptedEvent, Claims, EventType, JsonObject } from "@selfsame/protocol";

/** An event as a client sends it, as far as the scenarios use it. */
export interface SentEvent {
	type: EventType;
	messageId: string;
	/** ISO 8601. */
	timestamp: string;
	event?: string;
	name?: string;
	userId?: string | number;
	anonymousId?: string | number;
	previousId?: string | number;
	groupId?: string | number;
	traits?: JsonObject;
	context?: { traits?: JsonObject; externalIds?: { type: string; id: string }[] };
}

const emailsIn = (...traits: (JsonObject | undefined)[]) =>
	traits.map((one) => one?.email).filter((email) => typeof email === "string" || typeof email === "number");

/** What the collector makes of a valid event, for tests that talk to the store alone. */
export function toAccepted(sent: SentEvent, from: Pick<AcceptedEvent, "source" | "trust">): AcceptedEvent {
	const { type, messageId, userId, anonymousId, previousId, groupId, context } = sent;
	const timestamp = Date.parse(sent.timestamp);
	const claims: Claims = {};
	if (userId !== undefined) claims.userId = userId;
	if (anonymousId !== undefined) claims.anonymousId = anonymousId;
	if (previousId !== undefined) claims.previousId = previousId;
	if (groupId !== undefined) claims.groupId = groupId;
	if (type !== "group") claims.emails = emailsIn(sent.traits, context?.traits);
	if (context?.externalIds !== undefined) claims.externalIds = context.externalIds;
	const traits = type === "identify" ? (sent.traits ?? context?.traits) : type === "group" ? sent.traits : undefined;
	const name = sent.event ?? sent.name;
	return {
		...from,
		type,
		messageId,
		timestamp,
		receivedAt: timestamp,
		claims,
		...(name === undefined ? {} : { name }),
		...(traits === undefined ? {} : { traits }),
		payload: JSON.stringify(context === undefined ? {} : { context }),
	};
}
