import { createBlocked, type IdentityConfig, identifiersOf } from "@selfsame/identity";
import type { Claims, Identifier } from "@selfsame/protocol";
import type { IdentityDecision } from "../port.ts";
import type { EventRow } from "./eventReader.ts";
import { identifierKey } from "./hashes.ts";
import { createHistoryReader } from "./historyReader.ts";
import { flag, regionStates } from "./identifiers.ts";
import { eventTypes } from "./ingest.ts";
import type { SqliteDatabase } from "./openDatabase.ts";
import { type Ownership, selectIdentifiersOfUser } from "./ownership.ts";

/** Rows of evidence up to which refusals are worked out in passing: some 20 ms. */
const evidenceInPassing = 2_000;

interface ChangeRow {
	kind: IdentityDecision["changes"][number]["kind"];
	identifier: number;
	other: number | null;
}

/** Says what one event did to identity, and what it asked for in vain. */
export function createDecisionReader(database: SqliteDatabase, config: IdentityConfig, ownership: Ownership) {
	const blocked = createBlocked(config);
	const history = createHistoryReader(database, config);
	const trusted = database.prepare("SELECT trusted FROM events WHERE seq = ?").pluck();
	const byKey = database.prepare("SELECT id FROM identifiers WHERE key = ? AND died_at IS NULL").pluck();
	const changesOf = database.prepare("SELECT kind, identifier, other FROM changes WHERE seq = ? ORDER BY id");
	const regionOf = database.prepare(
		"SELECT i.flags, r.state FROM identifiers i JOIN identifiers r ON r.id = i.root WHERE i.id = ?",
	);
	const evidenceOf = database
		.prepare(
			`SELECT count(*) FROM (SELECT 1 FROM event_identifiers WHERE identifier IN (
				SELECT :id UNION ${selectIdentifiersOfUser}) LIMIT ${evidenceInPassing + 1})`,
		)
		.pluck();

	const named = (id: number): Identifier | null => {
		const { type, value } = ownership.row(id);
		return value === null ? null : { type, value };
	};

	/** The event's claims as they came: those that are kept as identifiers alone are put back. */
	const claimsOf = (row: EventRow): Claims => {
		const claims = row.claims === null ? {} : (JSON.parse(row.claims) as Claims);
		for (const id of [row.lead, row.anonymous]) {
			const identifier = id === null ? null : named(id);
			if (identifier?.type === "user_id") claims.userId ??= identifier.value;
			if (identifier?.type === "anonymous_id") claims.anonymousId ??= identifier.value;
		}
		return claims;
	};

	/** Whether everything that the event names is plainly one: then it was refused nothing. */
	const isPlain = (lead: number, others: readonly number[]): boolean => {
		const owner = ownership.ownerOf(lead);
		return [lead, ...others].every((id) => {
			const { flags, state } = regionOf.get(id) as { flags: number; state: number };
			const isSettled = regionStates[state] === "settled" || ownership.row(id).type === "user_id";
			return isSettled && (flags & flag.corrected) === 0 && ownership.ownerOf(id) === owner;
		});
	};

	const refusedIn = (seq: number, ids: readonly number[]): IdentityDecision["refused"] => {
		if (ids.some((id) => (evidenceOf.get({ id }) as number) > evidenceInPassing)) return null;
		const { refused } = history.read(ids).resolution;
		return refused
			.filter((refusal) => refusal.seq === seq)
			.flatMap((refusal) => {
				const [identifier, from] = [named(refusal.identifier), named(refusal.from)];
				return identifier && from ? [{ identifier, from, reason: refusal.reason }] : [];
			});
	};

	return {
		read(row: EventRow): IdentityDecision {
			const type = eventTypes[row.type] ?? "track";
			const trust = trusted.get(row.seq) === 1 ? "server" : "client";
			const { identifiers, previousId } = identifiersOf({ type, trust, claims: claimsOf(row) }, config, blocked);
			const changes = (changesOf.all(row.seq) as ChangeRow[]).flatMap(({ kind, identifier, other }) => {
				const changed = named(identifier);
				return changed ? [{ kind, identifier: changed, other: other === null ? null : named(other) }] : [];
			});
			if (row.lead === null) return { identifiers, changes, refused: [] };
			const ids = identifiers.flatMap(
				(identifier) => (byKey.get(identifierKey(identifier)) as number | undefined) ?? [],
			);
			const others = ids.filter((id) => id !== row.lead);
			// How a `previousId` reads, and whether an alias stands, only the whole history tells.
			const asksNothing = previousId === undefined && (others.length === 0 || isPlain(row.lead, others));
			return { identifiers, changes, refused: asksNothing ? [] : refusedIn(row.seq, [row.lead, ...others]) };
		},
	};
}
