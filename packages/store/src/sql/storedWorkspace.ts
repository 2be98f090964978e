import type { AcceptedEvent, Claims, Identifier, JsonObject } from "@selfsame/protocol";
import type { Correction } from "../port.ts";
import type { Dialect } from "./dialect.ts";
import { eventTypes } from "./eventTypes.ts";
import { linkKind } from "./evidence.ts";
import type { ErasedName } from "./identifierRows.ts";
import type { RestoredEvent } from "./incoming.ts";
import { fromStanding } from "./standing.ts";
import { all, get, pluck, type Work } from "./work.ts";

/** How many events, or corrections, are read at a time. */
const stride = 1_000;

interface NameColumns {
	type: string;
	value: string | null;
	key: Buffer;
	died_at: number | null;
}

interface StoredColumns {
	seq: number;
	source: string;
	message_id: string;
	type: number;
	trusted: number;
	ts: number;
	received_at: number;
	name: string | null;
	claims: string | null;
	key: string | null;
	body: string | null;
	traits: string | null;
	lead_type: string | null;
	lead_value: string | null;
	anonymous_value: string | null;
	previous_user: number | null;
	previous_anonymous: number | null;
}

/** A correction that another database of the workspace has. */
export interface StoredCorrection {
	id: number;
	kind: Correction["kind"];
	at: number;
	/** How far it reaches, ms; null, as of older versions: `at`. */
	before: number | null;
	a: Identifier | ErasedName;
	b: Identifier | ErasedName;
	actor: string;
	reason: string;
}

type CorrectionColumns = Omit<StoredCorrection, "a" | "b"> & { a: number; b: number };
type DeadColumns = ErasedName & { seq: number; led: number };

const nameById = "SELECT type, value, key, died_at FROM identifiers WHERE id = ?";
const dead = `SELECT e.seq, i.type, i.key, i.died_at AS "diedAt", 1 AS led
	FROM identifiers i JOIN events e ON e.lead = i.id WHERE i.died_at IS NOT NULL
	UNION ALL SELECT l.seq, i.type, i.key, i.died_at AS "diedAt", 0 AS led
	FROM identifiers i JOIN event_identifiers l ON l.identifier = i.id
	WHERE i.died_at IS NOT NULL AND l.kind <> ${linkKind.previous}`;
const corrections = `SELECT id, kind, at, before, a, b, actor, reason FROM corrections WHERE id > ? ORDER BY id LIMIT ${stride}`;

/** Reads what a workspace was told, as another database of it can be told again. */
export function createStoredWorkspace({ payloads, payload, lastLetter }: Dialect) {
	const events = `SELECT e.*, k.key, ${payload("body")} AS body, ${payload("traits")} AS traits, a.previous_user, a.previous_anonymous,
			l.type AS lead_type, l.value AS lead_value, n.value AS anonymous_value
		FROM events e ${payloads}
		LEFT JOIN write_keys k ON k.id = e.write_key LEFT JOIN aliases a ON a.seq = e.seq
		LEFT JOIN identifiers l ON l.id = e.lead LEFT JOIN identifiers n ON n.id = e.anonymous
		WHERE e.seq > ? AND e.seq <= ? ORDER BY e.seq LIMIT ${stride}`;
	/** The deleted names of each event that had any; null: not read yet. */
	let deadOf: Map<number, DeadColumns[]> | null = null;

	function* nameOf(id: number): Work<Identifier | ErasedName> {
		const { type, value, key, died_at } = (yield* get<NameColumns>(nameById, id)) as NameColumns;
		return value === null ? { type, key, diedAt: died_at as number } : { type, value };
	}

	function* toRestored(row: StoredColumns, deadNames: readonly DeadColumns[]): Work<RestoredEvent> {
		const event = toEvent(row);
		const erased = deadNames.map((one) => ({ ...one, led: one.led === 1 }));
		const { userId, previousId } = event.claims;
		const { previous_user: user, previous_anonymous: anonymous } = row;
		const told = user === null || anonymous === null || (userId !== undefined && previousId !== undefined);
		const previous = told ? null : { user: yield* nameOf(user), anonymous: yield* nameOf(anonymous) };
		return { seq: row.seq, event, erased, previous };
	}

	return {
		count: (): Work<number> => pluck("SELECT count(*) FROM events") as Work<number>,

		/** The next events after a number and up to another one, in their order, as they were accepted. */
		*eventsAfter(seq: number, upTo: number): Work<RestoredEvent[]> {
			deadOf ??= Map.groupBy(yield* all<DeadColumns>(dead), (row) => row.seq);
			const restored: RestoredEvent[] = [];
			for (const row of yield* all<StoredColumns>(events, seq, upTo)) {
				restored.push(yield* toRestored(row, deadOf.get(row.seq) ?? []));
			}
			return restored;
		},

		/** The next corrections after a number. */
		*correctionsAfter(id: number): Work<StoredCorrection[]> {
			const found: StoredCorrection[] = [];
			for (const row of yield* all<CorrectionColumns>(corrections, id)) {
				found.push({ ...row, a: yield* nameOf(row.a), b: yield* nameOf(row.b) });
			}
			return found;
		},

		/** What a copy must know of, or else be made anew. */
		deletions: (): Work<number> => pluck("SELECT count(*) FROM deletions") as Work<number>,

		/** The last number that a dead letter was given. */
		lastLetter: (): Work<number | undefined> => pluck<number>(lastLetter),
	};
}

export type StoredWorkspace = ReturnType<typeof createStoredWorkspace>;

function toEvent(row: StoredColumns): AcceptedEvent {
	return {
		source: row.source,
		...fromStanding(row.trusted),
		...(row.key === null ? {} : { writeKey: row.key }),
		messageId: row.message_id,
		type: eventTypes[row.type] ?? "track",
		timestamp: row.ts,
		receivedAt: row.received_at,
		claims: claimsOf(row),
		...(row.name === null ? {} : { name: row.name }),
		...(row.traits === null ? {} : { traits: JSON.parse(row.traits) as JsonObject }),
		payload: row.body ?? "{}",
	};
}

/** With those that are kept as identifiers alone. */
function claimsOf({ claims: stored, lead_type, lead_value, anonymous_value }: StoredColumns): Claims {
	const claims = stored === null ? {} : (JSON.parse(stored) as Claims);
	if (lead_type === "user_id" && lead_value !== null) claims.userId ??= lead_value;
	if (lead_type === "anonymous_id" && lead_value !== null) claims.anonymousId ??= lead_value;
	if (anonymous_value !== null) claims.anonymousId ??= anonymous_value;
	return claims;
}
