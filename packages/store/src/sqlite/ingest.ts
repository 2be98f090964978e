import {
	type Candidate,
	compareIdentifiers,
	createBlocked,
	decideBatch,
	emptyFacts,
	type IdentityConfig,
	identifiersOf,
	type Named,
	normaliseValue,
	type Plan,
	type Revision,
} from "@selfsame/identity";
import type { AcceptedEvent, Claims, Identifier, IngestResult, Json, JsonObject } from "@selfsame/protocol";
import type { DeadLetter } from "../port.ts";
import { createPlanWriter } from "./applyPlan.ts";
import type { Counters } from "./counters.ts";
import { createFactLoader, linkKind } from "./facts.ts";
import {
	type ErasedName,
	flag,
	type IdentifierRow,
	type Identifiers,
	identifierFact,
	regionFact,
} from "./identifiers.ts";
import { createMessages } from "./messages.ts";
import type { SqliteDatabase } from "./openDatabase.ts";
import type { Tombstones } from "./tombstones.ts";
import { withoutExternalId, withoutName } from "./withoutName.ts";
import { createWriteKeyIds } from "./writeKeyIds.ts";

export const eventTypes = ["track", "identify", "page", "screen", "group", "alias"] as const;

/** An event on its way through one transaction. */
interface Incoming {
	event: AcceptedEvent;
	named: Named;
	seq: number;
	lead: IdentifierRow | null;
	others: IdentifierRow[];
	alias: { previousUser: IdentifierRow; previousAnonymous: IdentifierRow } | null;
}

/** An event that another file of this workspace had stored, and the names in it that were deleted since. */
export interface RestoredEvent {
	/** The number it had. */
	seq: number;
	event: AcceptedEvent;
	/** The lead first, where that is one of them. */
	erased: (ErasedName & { led: boolean })[];
	/** Both readings of an alias's `previousId`, where its claims do not tell them any more. */
	previous: { user: Identifier | ErasedName; anonymous: Identifier | ErasedName } | null;
}

export interface IngestDeps {
	database: SqliteDatabase;
	config: IdentityConfig;
	identifiers: Identifiers;
	tombstones: Tombstones;
	counters: Counters;
}

/** How many identity decisions took which way since the start, and how many rows of evidence they read. */
type DecisionCounts = Plan["counts"] & { evidenceRead: number };

/** The write path: what one transaction does with a batch of events. */
export function createIngest({ database, config, identifiers, tombstones, counters }: IngestDeps) {
	const blocked = createBlocked(config);
	const writeKeyId = createWriteKeyIds(database);
	const planWriter = createPlanWriter(database, identifiers);
	const messages = createMessages(database);
	const decisions: DecisionCounts = { fast: 0, window: 0, rebuilt: 0, evidenceRead: 0 };
	const loadFact = createFactLoader(database, identifiers, decisions);

	const putEvent = database.prepare(
		`INSERT INTO events (seq, source, message_id, type, trusted, ts, received_at, lead, anonymous, name, claims, write_key)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
	);
	const putPayload = database.prepare("INSERT INTO event_payloads (seq, body, traits) VALUES (?, ?, ?)");
	const putLink = database.prepare(
		"INSERT OR IGNORE INTO event_identifiers (identifier, ts, seq, lead, kind) VALUES (?, ?, ?, ?, ?)",
	);
	const putAlias = database.prepare(
		`INSERT INTO aliases (seq, ts, message_id, source, user, previous_user, previous_anonymous, reading, trusted)
		VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?)`,
	);
	const putTrait = database.prepare("INSERT INTO trait_writes (lead, key, ts, seq, value) VALUES (?, ?, ?, ?, ?)");
	const putGroupTrait = database.prepare(
		`INSERT OR IGNORE INTO group_writes (group_id, key, ts, message_id, source, value) VALUES (?, ?, ?, ?, ?, ?)`,
	);
	const putMembership = database.prepare("INSERT INTO memberships (group_id, lead, ts, seq) VALUES (?, ?, ?, ?)");
	const putLetter = database.prepare(
		// A retry is rejected again and kept once.
		"INSERT OR IGNORE INTO dead_letters (source, received_at, message_id, code, detail, body) VALUES (?, ?, ?, ?, ?, ?)",
	);

	/** Decides, loading facts until they suffice, and writes the plan. */
	const decideAndWrite = (rows: readonly Incoming[], revision: Revision, at: number) => {
		const facts = emptyFacts();
		const know = (row: IdentifierRow) => {
			facts.identifiers.set(row.id, identifierFact(row));
			if (facts.regions.has(row.root)) return;
			const root = row.root === row.id ? row : identifiers.byId(row.root);
			facts.identifiers.set(root.id, identifierFact(root));
			facts.regions.set(root.id, regionFact(root));
		};
		for (const { lead, others, alias } of rows) {
			if (lead) know(lead);
			for (const other of others) know(other);
			if (alias) [alias.previousUser, alias.previousAnonymous].forEach(know);
		}
		const candidates = rows.flatMap(toCandidate);
		let lastAsked = "";
		for (;;) {
			const decision = decideBatch(facts, candidates, config, revision);
			if (decision.plan) {
				for (const way of ["fast", "window", "rebuilt"] as const) decisions[way] += decision.plan.counts[way];
				return () => planWriter.write(decision.plan, at);
			}
			const asked = JSON.stringify(decision.needs);
			// Asking twice for the same would go on for ever, with the file locked.
			if (asked === lastAsked) throw new Error(`identity asks in vain for ${asked}`);
			lastAsked = asked;
			for (const need of decision.needs) loadFact(facts, need);
		}
	};

	const name = (event: AcceptedEvent, seq: number): Incoming => {
		const named = identifiersOf(event, config, blocked);
		const rows = named.identifiers.map((identifier) => identifiers.resolve(identifier, event.timestamp));
		const [lead = null, ...others] = rows;
		const { previousId } = named;
		const alias =
			previousId === undefined
				? null
				: {
						previousUser: identifiers.resolve({ type: "user_id", value: previousId }, event.timestamp),
						previousAnonymous: identifiers.resolve({ type: "anonymous_id", value: previousId }, event.timestamp),
					};
		return { event, named, seq, lead, others, alias };
	};

	/** The same for an event from another file, whose deleted names only their hashes tell. */
	const nameRestored = ({ event, seq, erased, previous }: RestoredEvent): Incoming => {
		const incoming = name(event, seq);
		if (erased.length > 0) {
			const led = erased.filter((one) => one.led).map(identifiers.resolveErased);
			const rows = [...led, ...(incoming.lead ? [incoming.lead] : []), ...incoming.others];
			rows.push(...erased.filter((one) => !one.led).map(identifiers.resolveErased));
			const usable = rows.filter(({ type }) => config.identifiers[type]);
			const ofType = ({ type }: IdentifierRow) => ({ type, value: "" });
			const [lead = null, ...others] = usable.sort((a, b) => compareIdentifiers(config, ofType(a), ofType(b)));
			Object.assign(incoming, { lead, others });
		}
		if (previous && incoming.lead?.type === "user_id") {
			const rowOf = (one: Identifier | ErasedName) =>
				"value" in one ? identifiers.resolve(one, event.timestamp) : identifiers.resolveErased(one);
			incoming.alias = { previousUser: rowOf(previous.user), previousAnonymous: rowOf(previous.anonymous) };
		}
		return incoming;
	};

	const writeEvent = (row: Incoming) => {
		const { event, seq, lead, others, alias } = row;
		const { source, messageId, timestamp, claims, payload } = event;
		const anonymous = others.find(({ type }) => type === "anonymous_id")?.id ?? null;
		putEvent.run(
			seq,
			source,
			messageId,
			eventTypes.indexOf(event.type),
			event.trust === "server" ? 1 : 0,
			timestamp,
			event.receivedAt,
			lead?.id ?? null,
			anonymous,
			event.name ?? null,
			claimsToKeep(claims, row),
			writeKeyId(event.writeKey),
		);
		putPayload.run(seq, payload, event.traits ? JSON.stringify(event.traits) : null);
		if (!lead) {
			counters.add("unattributed", 1);
			return;
		}
		planWriter.raise(lead.id, flag.led);
		const kind = lead.type === "user_id" ? linkKind.user : linkKind.joint;
		for (const other of others) putLink.run(other.id, timestamp, seq, lead.id, kind);
		if (alias) {
			const { previousUser, previousAnonymous } = alias;
			const trusted = event.trust === "server" ? 1 : 0;
			putAlias.run(seq, timestamp, messageId, source, lead.id, previousUser.id, previousAnonymous.id, trusted);
		}
		writeTraits(row, lead);
	};

	const writeTraits = ({ event, named, seq }: Incoming, lead: IdentifierRow) => {
		const { type, traits, timestamp, messageId, source } = event;
		if (type === "group" && named.groupId !== undefined) {
			putMembership.run(named.groupId, lead.id, timestamp, seq);
			for (const [key, value] of Object.entries(traits ?? {})) {
				putGroupTrait.run(named.groupId, key, timestamp, messageId, source, JSON.stringify(value));
			}
		} else if (type === "identify") {
			for (const [key, value] of Object.entries(traits ?? {})) {
				putTrait.run(lead.id, key, timestamp, seq, JSON.stringify(value));
			}
		}
	};

	/** Counts an event that is not stored, and remembers that it was acknowledged. */
	const drop = (event: AcceptedEvent, verdict: "erased" | "suppressed"): IngestResult => {
		counters.add(verdict, 1);
		tombstones.rememberMessage(event.source, event.messageId);
		return { verdict };
	};

	const storeAll = (accepted: readonly Incoming[]) => {
		const writePlan = decideAndWrite(accepted, { regions: [], groups: [] }, Date.now());
		for (const row of accepted) writeEvent(row);
		writePlan();
		counters.add("events", accepted.length);
	};

	const ingest = (events: readonly AcceptedEvent[], letters: readonly DeadLetter[] = []): IngestResult[] => {
		let seq = messages.last();
		const accepted: Incoming[] = [];
		const isNew = messages.add(events);
		const results = events.map((event, index): IngestResult => {
			if (!isNew[index] || tombstones.knowsMessage(event.source, event.messageId)) {
				counters.add("duplicates", 1);
				return { verdict: "duplicate" };
			}
			const verdict = tombstones.judge(event, () => identifiersOf(event, config, blocked).identifiers[0]);
			if (verdict) return drop(event, verdict);
			seq += 1;
			accepted.push(withoutDeadNames(name(event, seq)));
			return { verdict: "accepted", seq };
		});
		storeAll(accepted);
		messages.file(seq);
		counters.add("rejected", letters.length);
		for (const { source, receivedAt, messageId, code, detail, body } of letters) {
			putLetter.run(source, receivedAt, messageId, code, detail, body);
		}
		counters.flush();
		return results;
	};

	return {
		decisions,
		/** Stores a batch, inside a transaction that the caller has begun. */
		ingest,
		/** Stores events that another file of the same workspace had stored, under the numbers they had. */
		restore(events: readonly RestoredEvent[]): void {
			messages.add(events.map(({ event }) => event));
			storeAll(events.map(nameRestored));
			messages.file(events.at(-1)?.seq ?? messages.last());
			counters.flush();
		},
		/** Ends a transaction that was committed. */
		settle(): void {
			identifiers.settle();
			messages.settle();
		},
		/** Takes back what was remembered of a transaction that failed, and sees what others have stored. */
		forget(): void {
			identifiers.forget();
			messages.forget();
		},
		/** Decides parts of identity anew, inside a transaction that the caller has begun. */
		revise: (revision: Revision, at: number) => decideAndWrite([], revision, at)(),
		planWriter,
	};
}

export type Ingest = ReturnType<typeof createIngest>;

function toCandidate({ event, seq, lead, others, alias }: Incoming): Candidate[] {
	if (!lead) return [];
	const { timestamp, messageId, source } = event;
	const candidate: Candidate = {
		seq,
		position: { timestamp, messageId, source },
		lead: lead.id,
		others: others.map(({ id }) => id),
	};
	if (alias) {
		candidate.alias = {
			previousUser: alias.previousUser.id,
			previousAnonymous: alias.previousAnonymous.id,
			trusted: event.trust === "server",
		};
	}
	return [candidate];
}

/** A late event may name what was deleted since: the event is kept, the name is not. */
function withoutDeadNames(incoming: Incoming): Incoming {
	const { event, named, lead, others, alias } = incoming;
	const rows = alias ? [lead, ...others, alias.previousUser, alias.previousAnonymous] : [lead, ...others];
	if (rows.every((row) => row?.value !== null)) return incoming;
	const { previousId: value = "" } = named;
	const names = [...named.identifiers, { type: "user_id", value }, { type: "anonymous_id", value }];
	let { claims, payload } = event;
	for (const [index, row] of rows.entries()) {
		const name = names[index];
		if (row?.value !== null || !name) continue;
		claims = withoutName(claims, name);
		payload = JSON.stringify(withoutExternalId(JSON.parse(payload) as JsonObject, name));
	}
	return { ...incoming, event: { ...event, claims, payload } };
}

/**
 * Most events claim a user and an anonymous id in their one spelling, which the identifiers hold already. Anything more
 * is kept as it came: placeholders, other spellings, and what another set of identity rules would read.
 */
function claimsToKeep(claims: Claims, { lead, others }: Incoming): string | null {
	const known = (type: string, value: string | number) => {
		const row = lead?.type === type ? lead : others.find((other) => other.type === type);
		return row !== undefined && (row.value === null || (row.value === value && normaliseValue(value) === value));
	};
	const { userId, anonymousId, ...rest } = claims;
	const kept: { [name: string]: Json } = { ...(rest as { [name: string]: Json }) };
	if (userId !== undefined && !known("user_id", userId)) kept.userId = userId;
	if (anonymousId !== undefined && !known("anonymous_id", anonymousId)) kept.anonymousId = anonymousId;
	for (const name in kept) return name && JSON.stringify(kept);
	return null;
}
