import { createBlocked, type IdentityConfig, identifiersOf } from "@selfsame/identity";
import type { Claims, Identifier } from "@selfsame/protocol";
import type { IdentityDecision } from "../port.ts";
import type { EventRow } from "./eventReader.ts";
import { eventTypes } from "./eventTypes.ts";
import { identifierKey } from "./hashes.ts";
import { createHistoryReader } from "./historyReader.ts";
import { flag, regionStates } from "./identifierRows.ts";
import { nameOf, type Ownership, selectIdentifiersOfUser } from "./ownership.ts";
import { all, get, pluck, type Work } from "./work.ts";

/** Rows of evidence up to which refusals are worked out in passing: some 20 ms. */
const evidenceInPassing = 2_000;

interface ChangeRow {
	kind: IdentityDecision["changes"][number]["kind"];
	identifier: number;
	other: number | null;
}

const changesOf = "SELECT kind, identifier, other FROM changes WHERE seq = ? ORDER BY id";
const regionOf = "SELECT i.flags, r.state FROM identifiers i JOIN identifiers r ON r.id = i.root WHERE i.id = ?";
const evidenceOf = `SELECT count(*) FROM (SELECT 1 FROM event_identifiers WHERE identifier IN (
	SELECT CAST(:id AS bigint) UNION ${selectIdentifiersOfUser}) LIMIT ${evidenceInPassing + 1}) AS evidence`;

/** Says what one event did to identity, and what it asked for in vain. */
export function createDecisionReader(config: IdentityConfig, ownership: Ownership) {
	const blocked = createBlocked(config);
	const history = createHistoryReader(config);

	function* named(id: number): Work<Identifier | null> {
		return nameOf(yield* ownership.row(id));
	}

	/** The event's claims as they came: those that are kept as identifiers alone are put back. */
	function* claimsOf(row: EventRow): Work<Claims> {
		const claims = row.claims === null ? {} : (JSON.parse(row.claims) as Claims);
		for (const id of [row.lead, row.anonymous]) {
			const identifier = id === null ? null : yield* named(id);
			if (identifier?.type === "user_id") claims.userId ??= identifier.value;
			if (identifier?.type === "anonymous_id") claims.anonymousId ??= identifier.value;
		}
		return claims;
	}

	function* changesBy(seq: number): Work<IdentityDecision["changes"]> {
		const changes: IdentityDecision["changes"] = [];
		for (const { kind, identifier, other } of yield* all<ChangeRow>(changesOf, seq)) {
			const changed = yield* named(identifier);
			if (changed) changes.push({ kind, identifier: changed, other: other === null ? null : yield* named(other) });
		}
		return changes;
	}

	/** Whether everything that the event names is plainly one: then it was refused nothing. */
	function* isPlain(lead: number, others: readonly number[]): Work<boolean> {
		const owner = yield* ownership.ownerOf(lead);
		for (const id of [lead, ...others]) {
			const { flags, state } = (yield* get<{ flags: number; state: number }>(regionOf, id)) as {
				flags: number;
				state: number;
			};
			const isSettled = regionStates[state] === "settled" || (yield* ownership.row(id)).type === "user_id";
			if (!isSettled || (flags & flag.corrected) !== 0 || (yield* ownership.ownerOf(id)) !== owner) return false;
		}
		return true;
	}

	function* refusedIn(seq: number, ids: readonly number[]): Work<IdentityDecision["refused"]> {
		for (const id of ids) {
			if (((yield* pluck<number>(evidenceOf, { id })) as number) > evidenceInPassing) return null;
		}
		const refused: NonNullable<IdentityDecision["refused"]> = [];
		for (const refusal of (yield* history.read(ids)).resolution.refused) {
			if (refusal.seq !== seq) continue;
			const [identifier, from] = [yield* named(refusal.identifier), yield* named(refusal.from)];
			if (identifier && from) refused.push({ identifier, from, reason: refusal.reason });
		}
		return refused;
	}

	return {
		*read(row: EventRow): Work<IdentityDecision> {
			const type = eventTypes[row.type] ?? "track";
			const isTrusted = (yield* pluck("SELECT trusted FROM events WHERE seq = ?", row.seq)) === 1;
			const event = { type, trust: isTrusted ? "server" : "client", claims: yield* claimsOf(row) } as const;
			const { identifiers, previousId } = identifiersOf(event, config, blocked);
			const changes = yield* changesBy(row.seq);
			if (row.lead === null) return { identifiers, changes, refused: [] };
			const others: number[] = [];
			for (const identifier of identifiers) {
				const byKey = "SELECT id FROM identifiers WHERE key = ? AND died_at IS NULL";
				const id = yield* pluck<number>(byKey, identifierKey(identifier));
				if (id !== undefined && id !== row.lead) others.push(id);
			}
			// How a `previousId` reads, and whether an alias stands, only the whole history tells.
			const asksNothing = previousId === undefined && (others.length === 0 || (yield* isPlain(row.lead, others)));
			return { identifiers, changes, refused: asksNothing ? [] : yield* refusedIn(row.seq, [row.lead, ...others]) };
		},
	};
}
