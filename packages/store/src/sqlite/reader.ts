import { comparePositions, type IdentityConfig, type Position } from "@selfsame/identity";
import type { EventView, Identifier, IdentityView, Json, Page, Profile, Stats, TraitWrite } from "@selfsame/protocol";
import { decodeCursor, decodeCursorOfAny, encodeCursor } from "../cursor.ts";
import type { AsOf, EventQuery, GroupEventQuery, GroupView, ProfileQuery, ProfileRef } from "../port.ts";
import { createDeadLetters } from "./deadLetters.ts";
import { createEventReader } from "./eventReader.ts";
import { createHistoryReader } from "./historyReader.ts";
import { createOneCommit } from "./oneCommit.ts";
import { copyDatabase, openReader } from "./openDatabase.ts";
import { createOwnership, type OwnedSpan } from "./ownership.ts";
import { createProfileLister } from "./profileLister.ts";
import { compareTraitRows, createProfileReader, iso, type ProfileParts } from "./profileReader.ts";
import { createSources } from "./sources.ts";

/** Everything that is asked of the workspace's file. A reader sees the last commit and never waits for the writer. */
export function createReader(file: string, config: IdentityConfig) {
	const database = openReader(file);
	const commit = createOneCommit();
	const ownership = createOwnership(database, commit);
	const profiles = createProfileReader(database, config, ownership);
	const events = createEventReader(database, ownership, profiles);
	const history = createHistoryReader(database, config);
	const lister = createProfileLister(database, ownership, profiles);
	const sources = createSources(database);
	const letters = createDeadLetters(database);

	/** All that a question needs is read from one commit. */
	const transact = database.transaction((read: () => unknown) => read());
	const atOnce = <T>(read: () => T): T => {
		try {
			return transact(read) as T;
		} finally {
			commit.end();
		}
	};

	const partsOf = (ref: ProfileRef, asOf?: number): ProfileParts | null => {
		const id = profiles.find(ref);
		if (id === undefined || !profiles.isSeen(id, asOf)) return null;
		if (asOf === undefined) return { owned: ownership.ownedBy(ownership.ownerOf(id)) };
		const past = history.read([id], asOf);
		return { owned: past.ownedBy(past.ownerOf(id)), asOf };
	};

	/** The parts of a profile that has something to show. */
	const existing = (ref: ProfileRef, asOf?: number): ProfileParts | null => {
		const parts = partsOf(ref, asOf);
		return parts && profiles.exists(parts) ? parts : null;
	};

	const named = (id: number): Identifier | null => {
		const { type, value } = ownership.row(id);
		return value === null ? null : { type, value };
	};

	const explain = (ref: ProfileRef, asOf?: number): IdentityView | null => {
		const id = profiles.find(ref);
		if (id === undefined || !existing(ref, asOf)) return null;
		const past = history.read([id], asOf);
		const owned = past.ownedBy(past.ownerOf(id));
		// A user whom only a correction names is held, and nobody's to see.
		const held = profiles.heldOf({ owned }).filter((row) => profiles.isSeen(row.id, asOf));
		const about = ({ seq, position }: { seq: number; position: Position }) => ({
			messageId: position.messageId,
			source: position.source,
			timestamp: iso(position.timestamp),
			seq,
		});
		const links = past.resolution.links
			.filter(({ a, position }) => isOwnedAt(owned, a, position))
			.sort((x, y) => comparePositions(x.position, y.position) || x.seq - y.seq)
			.flatMap((link) => {
				const [a, b] = [named(link.a), named(link.b)];
				if (!a || !b) return [];
				const { seq: _, ...rest } = about(link);
				return [{ a, b, ...rest, kind: link.kind }];
			});
		const refused = past.resolution.refused
			.filter(({ from, position }) => isOwnedAt(owned, from, position))
			.sort((x, y) => comparePositions(x.position, y.position) || x.seq - y.seq)
			.flatMap((refusal) => {
				const [identifier, from] = [named(refusal.identifier), named(refusal.from)];
				if (!identifier || !from) return [];
				const { seq: _, ...rest } = about(refusal);
				return [{ identifier, from, ...rest, reason: refusal.reason }];
			});
		return { identifiers: held.map(({ type, value }) => ({ type, value: value as string })), links, refused };
	};

	const traitHistory = (
		ref: ProfileRef,
		key: string,
		{ limit, cursor, asOf }: { limit: number; cursor?: string } & AsOf,
	): Page<TraitWrite> | null => {
		const parts = existing(ref, asOf);
		if (!parts) return null;
		const rows = parts.owned
			.flatMap((span) => profiles.traitWrites(span, key, asOf))
			.sort((a, b) => compareTraitRows(b, a));
		const winner = rows[0];
		const bindings = parts.owned.map(({ identifier }) => [identifier, key, asOf]);
		const after = cursor === undefined ? null : decodeCursorOfAny("history", bindings, cursor);
		const isAfter = (row: (typeof rows)[number]) =>
			!after ||
			comparePositions(
				{ timestamp: row.ts, messageId: row.message_id, source: row.source },
				{ timestamp: after[0] as number, messageId: after[1] as string, source: after[2] as string },
			) < 0;
		const left = rows.filter(isAfter);
		const shown = left.slice(0, limit);
		const last = shown.at(-1);
		const hasMore = left.length > limit;
		return {
			data: shown.map((row) => ({
				value: JSON.parse(row.value) as Json,
				timestamp: iso(row.ts),
				messageId: row.message_id,
				source: row.source,
				won: row === winner,
			})),
			page: {
				next: hasMore && last ? encodeCursor("history", bindings[0], [last.ts, last.message_id, last.source]) : null,
				hasMore,
				limit,
			},
		};
	};

	const findGroup = (id: string, { limit, cursor }: { limit: number; cursor?: string }): GroupView | null => {
		const members = lister.membersOf(id);
		if (members === null) return null;
		const after = cursor === undefined ? "" : (decodeCursor("members", id, cursor)[0] as string);
		const left = members.filter((member) => member > after);
		const shown = left.slice(0, limit);
		const hasMore = left.length > limit;
		return {
			id,
			traits: profiles.groupTraits(id),
			memberCount: members.length,
			members: {
				data: shown.map((member) => ({ id: member })),
				page: { next: hasMore ? encodeCursor("members", id, [shown.at(-1) ?? ""]) : null, hasMore, limit },
			},
		};
	};

	const stats = (): Stats => {
		const rows = database.prepare("SELECT name, value FROM counters").all() as { name: string; value: number }[];
		const count = (name: string) => rows.find((row) => row.name === name)?.value ?? 0;
		return {
			events: count("events"),
			profiles: lister.count(),
			duplicates: count("duplicates"),
			rejected: count("rejected"),
			unattributed: count("unattributed"),
			suppressed: count("suppressed"),
			erased: count("erased"),
		};
	};

	return {
		findProfile: (ref: ProfileRef, { asOf }: AsOf): Profile | null =>
			atOnce(() => {
				const parts = partsOf(ref, asOf);
				return parts && profiles.profile(parts);
			}),
		listProfiles: (query: ProfileQuery): Page<Profile> => atOnce(() => lister.list(query)),
		listEvents: (ref: ProfileRef, query: EventQuery): Page<EventView> | null =>
			atOnce(() => {
				const parts = existing(ref, query.asOf);
				return parts && events.list(parts, query);
			}),
		explainIdentity: (ref: ProfileRef, { asOf }: AsOf): IdentityView | null => atOnce(() => explain(ref, asOf)),
		traitHistory: (ref: ProfileRef, key: string, query: { limit: number; cursor?: string } & AsOf) =>
			atOnce(() => traitHistory(ref, key, query)),
		findGroup: (id: string, query: { limit: number; cursor?: string }) => atOnce(() => findGroup(id, query)),
		listGroupEvents: (id: string, query: GroupEventQuery) => atOnce(() => events.ofGroup(id, query)),
		stats: (): Stats => atOnce(stats),
		listRejected: letters.list,
		listSources: sources.listSources,
		listSecretKeys: sources.listSecretKeys,
		backup: (target: string): Promise<void> => copyDatabase(database, target),
		close(): void {
			database.close();
		},
	};
}

export type Reader = ReturnType<typeof createReader>;

/** Whether an identifier was some profile's at an instant. */
function isOwnedAt(owned: readonly OwnedSpan[], identifier: number, at: Position): boolean {
	return owned.some(
		(span) =>
			span.identifier === identifier &&
			(!span.from || comparePositions(span.from, at) <= 0) &&
			(!span.to || comparePositions(at, span.to) < 0),
	);
}
