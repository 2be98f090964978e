import type { AcceptedEvent, Claims, EventType, Identifier, JsonObject } from "@selfsame/protocol";
import type { Correction } from "@selfsame/store";
import fc from "fast-check";

/** A call of the port, at its place in the order of arrival. Between two operations any order of the events must do. */
export type StreamStep =
	| { kind: "events"; events: AcceptedEvent[] }
	| { kind: "correct"; correction: Correction; at: number }
	| { kind: "delete"; of: Identifier; suppress: boolean; at: number };

/**
 * A small workspace's life. Values hold `§`, which `instantiate` turns into a prefix of one's own, so that many streams
 * can share a database without meeting.
 */
export interface Stream {
	steps: StreamStep[];
	/** For batch sizes and arrival orders. */
	seed: number;
}

/** So short that ties, late events and events dated after an operation are the usual case. */
const epoch = Date.UTC(2025, 0, 1);
const span = 24;

const users = ["§u1", "§u2", "§u3", "§x", "§§7"];
const devices = ["§a1", "§a2", "§a3", "§x"];
const emails = ["§e1@x.io", "§e2@x.io", "§e3@x.io"];
const placeholders = ["null", " ", "'undefined'", "00-00", "Dev-Tester"];
const externals: [type: string, value: string][] = [
	["device_id", "§d1"],
	["device_id", "§d2"],
	["shop_id", "§s1"],
	["shop_id", "§s2"],
	["user_id", "§u9"],
	["unheard_of", "§o1"],
];

/** Each identifier a stream could name, before `instantiate`. */
export const knownIdentifiers: Identifier[] = [
	...[...new Set([...users, ...devices])].map((value) => ({ type: "user_id", value })),
	...[...new Set([...devices, ...users])].map((value) => ({ type: "anonymous_id", value })),
	...emails.map((value) => ({ type: "email", value })),
	...externals.slice(0, 4).map(([type, value]) => ({ type, value })),
];
export const knownGroups = ["§g1", "§g2"];
export const knownTraits = ["plan", "city"];

const pick = <T>(...items: readonly T[]) => fc.constantFrom(...items);
/** Present in so many of ten. */
const sometimes = <T>(inTen: number, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
	fc.oneof({ weight: inTen, arbitrary }, { weight: 10 - inTen, arbitrary: fc.constant(undefined) });
/** As sloppy senders write it: normalising must bring it back. */
const sloppy = (value: fc.Arbitrary<string>): fc.Arbitrary<string> =>
	fc.tuple(value, fc.nat(19)).map(([text, how]) => {
		if (how === 0) return ` ${text}\t`;
		if (how === 1) return `"' ${text} '"`;
		if (how === 2) return text.startsWith("§§") ? `#${text}` : text;
		return text;
	});
const orPlaceholder = (value: fc.Arbitrary<string>): fc.Arbitrary<string> =>
	fc.oneof({ weight: 15, arbitrary: sloppy(value) }, { weight: 1, arbitrary: pick(...placeholders) });
const email = pick(...emails).chain((value) => pick(value, value, value.toUpperCase(), ` ${value}`));

const traitValue = fc.oneof(fc.nat(3), fc.constant(null), pick("", "pro"), fc.constant({ a: 1 }));
const traits = fc.dictionary(pick(...knownTraits), traitValue, { maxKeys: 2 }) as fc.Arbitrary<JsonObject>;

interface Claimed {
	userId: string | undefined;
	anonymousId: string | undefined;
	previousId: string;
	groupId: string;
	emails: string[] | undefined;
	externalIds: [type: string, value: string][] | undefined;
}

const claims: fc.Arbitrary<Claimed> = fc.record({
	userId: sometimes(5, orPlaceholder(pick(...users))),
	anonymousId: sometimes(7, orPlaceholder(pick(...devices))),
	previousId: fc.oneof(orPlaceholder(pick(...users)), orPlaceholder(pick(...devices))),
	groupId: orPlaceholder(pick(...knownGroups)),
	emails: sometimes(3, fc.array(email, { minLength: 1, maxLength: 2 })),
	externalIds: sometimes(3, fc.array(pick(...externals), { minLength: 1, maxLength: 2 })),
});

const instant = fc.nat(span).map((ms) => epoch + ms);
const type = pick<EventType>("track", "track", "page", "screen", "identify", "identify", "group", "alias", "alias");

function toEvent(
	kind: EventType,
	made: Claimed,
	trait: JsonObject,
	{ proven, ...at }: { timestamp: number; source: string; messageId: string; proven: boolean | undefined },
): AcceptedEvent {
	const claim: Claims = {};
	if (made.userId !== undefined) claim.userId = made.userId;
	if (made.anonymousId !== undefined) claim.anonymousId = made.anonymousId;
	if (kind === "alias") claim.previousId = made.previousId;
	if (kind === "group") claim.groupId = made.groupId;
	else if (made.emails !== undefined) claim.emails = made.emails;
	// A page's own claim proves nothing; what its backend signed does.
	const [vouched] = made.emails ?? [];
	if (vouched !== undefined && at.source === "web" && made.userId !== undefined) claim.provenEmails = [vouched];
	if (made.externalIds !== undefined) claim.externalIds = made.externalIds.map(([of, id]) => ({ type: of, id }));
	return {
		...at,
		trust: at.source === "web" ? "client" : "server",
		...(at.source === "web" && proven !== undefined ? { proven } : {}),
		type: kind,
		receivedAt: at.timestamp,
		claims: claim,
		...(kind === "track" ? { name: "E" } : {}),
		...(kind === "identify" || kind === "group" ? { traits: trait } : {}),
		payload: "{}",
	};
}

const position = fc.record({
	timestamp: instant,
	source: pick("shop", "shop", "shop", "crm", "web", "web"),
	/** Of a page's event: no version before this one kept it. */
	proven: pick(false, false, false, true, undefined),
	// Bytes and UTF-16 units sort the last two differently.
	messageId: fc.tuple(fc.nat(99), pick("", "", "", "\u{ff5e}", "\u{1f600}")).map(([n, end]) => `§m${end}${n}`),
});
const event = fc.tuple(type, claims, traits, position).map((parts) => toEvent(...parts));

const userId = pick(...users);
const anyIdentifier = pick(...knownIdentifiers);
const unlink = fc
	.record({
		kind: fc.constant("unlink" as const),
		identifier: anyIdentifier,
		from: pick(...knownIdentifiers.filter(({ value }) => /(u1|u2|e1@x.io|s1)$/.test(value))),
	})
	.filter(({ identifier, from }) => identifier.type !== from.type || identifier.value !== from.value);
const correction: fc.Arbitrary<Correction> = fc.oneof(
	fc.record({ kind: fc.constant("unmerge" as const), userId }),
	fc.record({ kind: fc.constant("merge" as const), userId, otherUserId: userId }),
	unlink,
);
const operation = fc.oneof(
	{ weight: 3, arbitrary: fc.record({ kind: fc.constant("correct" as const), correction }) },
	{
		weight: 2,
		arbitrary: fc.record({ kind: fc.constant("delete" as const), of: anyIdentifier, suppress: fc.boolean() }),
	},
);

/** Events of a segment with some of them twice, and a redelivery of what came long before. */
function withRedeliveries(segments: readonly AcceptedEvent[][], picks: readonly number[]): AcceptedEvent[][] {
	const unique = new Map<string, AcceptedEvent>();
	const result = segments.map((events) =>
		events.map((one) => {
			const name = `${one.source}/${one.messageId}`;
			const first = unique.get(name) ?? one;
			unique.set(name, first);
			return first;
		}),
	);
	const all = [...unique.values()];
	picks.forEach((which, index) => {
		const again = all[which % Math.max(all.length, 1)];
		if (again !== undefined) result[index % result.length]?.push(again);
	});
	return result;
}

/** A deleted value is not there to be sorted by any more, so its place among others of its type is nobody's promise. */
function onlyOneOfType(event: AcceptedEvent): AcceptedEvent {
	const { anonymousId, emails, externalIds, provenEmails, ...rest } = event.claims;
	const claims: Claims = rest;
	if (emails !== undefined) claims.emails = emails.slice(0, 1);
	if (provenEmails !== undefined) claims.provenEmails = provenEmails;
	if (externalIds !== undefined) claims.externalIds = externalIds.slice(0, 1);
	if (anonymousId !== undefined && event.type !== "alias") claims.anonymousId = anonymousId;
	return { ...event, claims };
}

export const streams: fc.Arbitrary<Stream> = fc
	.record({
		first: fc.array(event, { minLength: 1, maxLength: 18 }),
		rest: fc.array(
			fc.record({ operation, wait: fc.integer({ min: 1, max: 9 }), events: fc.array(event, { maxLength: 6 }) }),
			{ maxLength: 4 },
		),
		again: fc.array(fc.nat(999), { maxLength: 4 }),
		seed: fc.nat(),
	})
	.map(({ first, rest, again, seed }) => {
		const deletes = rest.some((one) => one.operation.kind === "delete");
		const all = [first, ...rest.map(({ events }) => events)];
		const segments = withRedeliveries(deletes ? all.map((events) => events.map(onlyOneOfType)) : all, again);
		const steps: StreamStep[] = [{ kind: "events", events: segments[0] ?? [] }];
		let at = epoch;
		rest.forEach(({ operation: made, wait }, index) => {
			at += wait;
			steps.push({ ...made, at }, { kind: "events", events: segments[index + 1] ?? [] });
		});
		return { steps, seed };
	});

/** Replaces `§§` and `§` by what belongs to one run alone; `#§§7` becomes a number, as some send their ids. */
export function instantiate<T>(value: T, instance: number): T {
	const number = (digit: string) => `${100_000 + instance}${digit}`;
	const text = JSON.stringify(value)
		.replaceAll(/"#§§(\d)"/g, (_, digit) => number(digit))
		.replaceAll(/§§(\d)/g, (_, digit) => number(digit))
		.replaceAll("§", `s${instance}-`);
	return JSON.parse(text);
}
