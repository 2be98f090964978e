import { compareUtf8 } from "@selfsame/identity";
import type { Json } from "@selfsame/protocol";
import { eventTypes } from "../sql/eventTypes.ts";
import { linkKind } from "../sql/evidence.ts";
import type { IdentifierRow } from "../sql/identifierRows.ts";
import { claimsToKeep, type Incoming } from "../sql/incoming.ts";
import { standingOf } from "../sql/standing.ts";
import type { Work } from "../sql/work.ts";
import { copyRows, createCopy } from "./copyRows.ts";
import { createInsertion } from "./insertRows.ts";

const toEvents = createCopy("events", [
	"seq",
	"source",
	"message_id",
	"type",
	"trusted",
	"ts",
	"received_at",
	"lead",
	"anonymous",
	"name",
	"claims",
	"write_key",
]);
const toPayloads = createCopy("event_payloads", ["seq", "received_at", "body", "traits"]);
const toTraits = createCopy("trait_writes", ["lead", "key", "ts", "seq", "value"]);
const toMemberships = createCopy("memberships", ["group_id", "lead", "ts", "seq"]);
const toLinks = createCopy("event_identifiers", ["identifier", "ts", "seq", "lead", "kind"]);
const toAliases = createCopy("aliases", [
	"seq",
	"ts",
	"message_id",
	"source",
	"user",
	"previous_user",
	"previous_anonymous",
	"reading",
	"trusted",
]);
const putGroupWrites = createInsertion(
	"group_writes",
	{ group_id: "text", key: "text", ts: "bigint", message_id: "text", source: "text", value: "text" },
	"ON CONFLICT DO NOTHING",
);

/** An event whose identifiers have their rows, and which has a lead. */
type Led = Incoming & { lead: IdentifierRow };

/** Writes the core and the payload of each event, and what nobody decides by: traits and memberships. */
export function* writeEvents(
	events: readonly Incoming[],
	writeKeyOf: (key: string | undefined) => number | null,
): Work<void> {
	const led = events.filter(isLed);
	yield* copyRows(
		// In one order for all: two that bring the same messages wait for each other here, but never both.
		toEvents(events.toSorted(byMessage).map((incoming) => eventRow(incoming, writeKeyOf(incoming.event.writeKey)))),
		toPayloads(events.map(payloadRow)),
		toTraits(led.flatMap(traitRows)),
		toMemberships(led.flatMap(membershipRows)),
	);
	yield* putGroupWrites(led.flatMap(groupRows));
}

/** Writes whom stored events name together: what is decided by. */
export function* writeEvidence(events: readonly Incoming[]): Work<void> {
	const led = events.filter(isLed);
	yield* copyRows(toLinks(led.flatMap(linkRows)), toAliases(led.flatMap(aliasRows)));
}

const byMessage = ({ event: a }: Incoming, { event: b }: Incoming): number =>
	compareUtf8(a.messageId, b.messageId) || compareUtf8(a.source, b.source);

const isLed = (incoming: Incoming): incoming is Led => incoming.lead !== null;

function eventRow(incoming: Incoming, writeKey: number | null) {
	const { event, seq, lead, others } = incoming;
	return {
		seq,
		source: event.source,
		message_id: event.messageId,
		type: eventTypes.indexOf(event.type),
		trusted: standingOf(event),
		ts: event.timestamp,
		received_at: event.receivedAt,
		lead: lead?.id ?? null,
		anonymous: others.find(({ type }) => type === "anonymous_id")?.id ?? null,
		name: event.name ?? null,
		claims: claimsToKeep(incoming),
		write_key: writeKey,
	};
}

function payloadRow({ event: { receivedAt, payload, traits }, seq }: Incoming) {
	return { seq, received_at: receivedAt, body: payload, traits: traits ? JSON.stringify(traits) : null };
}

function linkRows({ event, seq, lead, others }: Led) {
	const kind = lead.type === "user_id" ? linkKind.user : linkKind.joint;
	const named = new Set(others.map(({ id }) => id));
	return Array.from(named, (id) => ({ identifier: id, ts: event.timestamp, seq, lead: lead.id, kind }));
}

function aliasRows({ event, seq, lead, alias }: Led) {
	if (!alias) return [];
	return [
		{
			seq,
			ts: event.timestamp,
			message_id: event.messageId,
			source: event.source,
			user: lead.id,
			previous_user: alias.previousUser.id,
			previous_anonymous: alias.previousAnonymous.id,
			reading: 0,
			trusted: event.trust === "server" ? 1 : 0,
		},
	];
}

/** Traits as they are written, key by key. */
const written = (traits: { [key: string]: Json } | undefined) =>
	Object.entries(traits ?? {}).map(([key, value]) => ({ key, value: JSON.stringify(value) }));

function traitRows({ event: { type, traits, timestamp }, seq, lead }: Led) {
	return type === "identify" ? written(traits).map((one) => ({ ...one, lead: lead.id, ts: timestamp, seq })) : [];
}

function membershipRows({ event: { type, timestamp }, named: { groupId }, seq, lead }: Led) {
	if (type !== "group" || groupId === undefined) return [];
	return [{ group_id: groupId, lead: lead.id, ts: timestamp, seq }];
}

function groupRows({ event, named: { groupId } }: Led) {
	if (event.type !== "group" || groupId === undefined) return [];
	const { timestamp: ts, messageId, source, traits } = event;
	return written(traits).map((one) => ({ ...one, group_id: groupId, ts, message_id: messageId, source }));
}
