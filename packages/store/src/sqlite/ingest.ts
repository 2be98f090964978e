import type { IdentityConfig } from "@selfsame/identity";
import type { AcceptedEvent, Identifier, IngestResult } from "@selfsame/protocol";
import type { DeadLetter } from "../port.ts";
import type { Corrections } from "../sql/corrections.ts";
import type { Counters } from "../sql/counters.ts";
import type { Decider } from "../sql/decider.ts";
import { eventTypes } from "../sql/eventTypes.ts";
import { linkKind } from "../sql/evidence.ts";
import { flag, type IdentifierRow } from "../sql/identifierRows.ts";
import type { Identifiers } from "../sql/identifiers.ts";
import {
	claimsToKeep,
	createNaming,
	type IdentifierSource,
	type Incoming,
	type RestoredEvent,
	withoutDeadNames,
} from "../sql/incoming.ts";
import { standingOf } from "../sql/standing.ts";
import type { Tombstones } from "../sql/tombstones.ts";
import { createWriteKeyIds } from "../sql/writeKeyIds.ts";
import { createMessages } from "./messages.ts";
import type { SqliteDatabase } from "./openDatabase.ts";
import type { RunWork } from "./runWork.ts";

export interface IngestDeps {
	database: SqliteDatabase;
	/** On the same connection. */
	runWork: RunWork;
	config: IdentityConfig;
	identifiers: Identifiers;
	decider: Decider;
	corrections: Corrections;
	tombstones: Tombstones;
	counters: Counters;
}

/** The write path: what one transaction does with a batch of events. */
export function createIngest(deps: IngestDeps) {
	const { database, runWork, config, identifiers, decider, corrections, tombstones, counters } = deps;
	const naming = createNaming(config);
	const writeKeyIds = createWriteKeyIds();
	const messages = createMessages(database);

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

	const rows: IdentifierSource = {
		resolve: (identifier, timestamp) =>
			identifiers.known(identifier) ?? runWork(identifiers.resolve(identifier, timestamp)),
		resolveErased: (name) => runWork(identifiers.resolveErased(name)),
	};

	/** The same for events that are new: what is made for them inherits the corrections of the name's last life. */
	const newRows = (mayHaveDied: boolean): IdentifierSource => {
		if (!mayHaveDied) return rows;
		const known = new Set<IdentifierRow>();
		const resolve = (identifier: Identifier, timestamp: number) => {
			const row = rows.resolve(identifier, timestamp);
			if (row.fresh && !known.has(row)) runWork(corrections.inherit(row, identifier));
			known.add(row);
			return row;
		};
		return { ...rows, resolve };
	};

	const writeKeyOf = ({ writeKey }: AcceptedEvent): number | null => {
		const known = writeKeyIds.known(writeKey);
		return known === undefined ? runWork(writeKeyIds.find(writeKey as string)) : known;
	};

	const writeEvent = (row: Incoming) => {
		const { event, seq, lead, others, alias } = row;
		const { source, messageId, timestamp, payload } = event;
		const anonymous = others.find(({ type }) => type === "anonymous_id")?.id ?? null;
		putEvent.run(
			seq,
			source,
			messageId,
			eventTypes.indexOf(event.type),
			standingOf(event),
			timestamp,
			event.receivedAt,
			lead?.id ?? null,
			anonymous,
			event.name ?? null,
			claimsToKeep(row),
			writeKeyOf(event),
		);
		putPayload.run(seq, payload, event.traits ? JSON.stringify(event.traits) : null);
		if (!lead) {
			counters.add("unattributed", 1);
			return;
		}
		if ((lead.flags & flag.led) === 0) runWork(decider.raise(lead.id, flag.led));
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

	/** What is not stored because of a deletion; null: to be stored. */
	const refuse = (event: AcceptedEvent, lead: Identifier | undefined): IngestResult | null => {
		if (runWork(tombstones.knowsMessage(event.source, event.messageId))) {
			counters.add("duplicates", 1);
			return { verdict: "duplicate" };
		}
		const verdict = runWork(tombstones.judge(event, lead));
		if (!verdict) return null;
		counters.add(verdict, 1);
		// It was acknowledged.
		runWork(tombstones.rememberMessage(event.source, event.messageId));
		return { verdict };
	};

	const storeAll = (accepted: readonly Incoming[]) => {
		const plan = runWork(decider.decide(accepted));
		for (const row of accepted) writeEvent(row);
		runWork(decider.write(plan, Date.now()));
		counters.add("events", accepted.length);
	};

	const ingest = (events: readonly AcceptedEvent[], letters: readonly DeadLetter[] = []): IngestResult[] => {
		let seq = messages.last();
		const accepted: Incoming[] = [];
		const isNew = messages.add(events);
		const mayRefuse = runWork(tombstones.isActive());
		const source = newRows(mayRefuse);
		const results = events.map((event, index): IngestResult => {
			if (!isNew[index]) {
				counters.add("duplicates", 1);
				return { verdict: "duplicate" };
			}
			const named = naming.namesOf(event);
			const refused = mayRefuse ? refuse(event, named.identifiers[0]) : null;
			if (refused) return refused;
			seq += 1;
			accepted.push(withoutDeadNames(naming.name(event, seq, source, named)));
			return { verdict: "accepted", seq };
		});
		storeAll(accepted);
		messages.file(seq);
		counters.add("rejected", letters.length);
		for (const { source, receivedAt, messageId, code, detail, body } of letters) {
			putLetter.run(source, receivedAt, messageId, code, detail, body);
		}
		runWork(counters.flush());
		return results;
	};

	return {
		/** Stores a batch, inside a transaction that the caller has begun. */
		ingest,
		/** Stores events that another database of the same workspace had stored, under the numbers they had. */
		restore(events: readonly RestoredEvent[]): void {
			messages.add(events.map(({ event }) => event));
			storeAll(events.map((event) => naming.nameRestored(event, rows)));
			messages.file(events.at(-1)?.seq ?? messages.last());
			runWork(counters.flush());
		},
		/** Ends a transaction that was committed. */
		settle(): void {
			identifiers.settle();
			messages.settle();
		},
		/** Takes back what was remembered of a transaction that failed, and sees what others have stored. */
		forget: messages.forget,
	};
}
