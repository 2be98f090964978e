import type { Page, Profile } from "@selfsame/protocol";
import { parse } from "uuid";
import { decodeCursor, encodeCursor } from "../cursor.ts";
import type { ProfileQuery } from "../port.ts";
import { profileIdOf } from "./hashes.ts";
import type { SqliteDatabase } from "./openDatabase.ts";
import type { Ownership } from "./ownership.ts";
import type { ProfileReader } from "./profileReader.ts";

/** How many candidates a step of a listing reads. */
const stride = 200;

/** Goes over all profiles, in the order of their ids. */
export function createProfileLister(database: SqliteDatabase, ownership: Ownership, profiles: ProfileReader) {
	// An identifier under a user never names a profile, since users are of the best type.
	const candidates = database.prepare(
		`SELECT i.id, i.key, i.type, i.value FROM identifiers i JOIN identifiers r ON r.id = i.root
		WHERE i.key > ? AND i.died_at IS NULL AND (i.type = 'user_id' OR r.owner IS NULL) ORDER BY i.key LIMIT ?`,
	);
	const settledOwners = database
		.prepare(
			`SELECT DISTINCT coalesce(o.root, i.root) FROM identifiers i JOIN identifiers r ON r.id = i.root
			LEFT JOIN identifiers o ON o.id = r.owner
			WHERE i.flags & 2 AND i.value IS NOT NULL AND (i.type = 'user_id' OR r.state IN (0, 3))`,
		)
		.pluck();
	const unsettled = database
		.prepare(
			`SELECT DISTINCT coalesce(u.root, s.owner) FROM spans s LEFT JOIN identifiers u ON u.id = s.owner AND u.type = 'user_id'
			UNION SELECT coalesce(o.root, i.root) FROM identifiers i JOIN identifiers r ON r.id = i.root
			LEFT JOIN identifiers o ON o.id = r.owner
			WHERE i.flags & 2 AND i.value IS NULL AND (i.type = 'user_id' OR r.state IN (0, 3))`,
		)
		.pluck();
	const memberships = database.prepare(
		`SELECT m.lead, e.ts, e.message_id, e.source FROM memberships m JOIN events e ON e.seq = m.seq
		WHERE m.group_id = ? ORDER BY m.lead`,
	);
	const hasTraits = database.prepare("SELECT 1 FROM group_writes WHERE group_id = ? LIMIT 1").pluck();

	const profileOf = (owner: number) => profiles.profile({ owned: ownership.ownedBy(owner) });

	/** The profile that an identifier names, if it is the one that names it. */
	const namedBy = ({ id, type, value }: { id: number; type: string; value: string }): Profile | null => {
		const parts = { owned: ownership.ownedBy(ownership.ownerOf(id)) };
		const held = profiles.heldOf(parts);
		if (held.length === 0 || profiles.naming(held).id !== id) return null;
		const profile = profiles.profile(parts);
		return profile?.id === profileIdOf({ type, value }) ? profile : null;
	};

	const matches = (profile: Profile, { identifierType, seenAfter }: ProfileQuery) =>
		(identifierType === undefined || profile.identifiers.some(({ type }) => type === identifierType)) &&
		(seenAfter === undefined || Date.parse(profile.lastSeen as string) >= seenAfter);

	return {
		list(query: ProfileQuery): Page<Profile> {
			const { limit, cursor, identifierType, seenAfter } = query;
			const filters = [identifierType, seenAfter];
			const after = cursor === undefined ? null : (decodeCursor("profiles", filters, cursor)[0] as string);
			let key: Uint8Array = after === null ? Buffer.alloc(0) : Buffer.from(parse(after.slice(4)));
			const found: Profile[] = [];
			for (;;) {
				const rows = candidates.all(key, stride) as { id: number; key: Buffer; type: string; value: string }[];
				for (const row of rows) {
					const profile = namedBy(row);
					if (profile && matches(profile, query)) found.push(profile);
					if (found.length > limit) break;
				}
				const last = rows.at(-1);
				if (found.length > limit || !last || rows.length < stride) break;
				key = last.key;
			}
			const data = found.slice(0, limit);
			const hasMore = found.length > limit;
			const next = hasMore ? encodeCursor("profiles", filters, [data.at(-1)?.id ?? ""]) : null;
			return { data, page: { next, hasMore, limit } };
		},

		count(): number {
			const certain = new Set(settledOwners.all() as number[]);
			for (const owner of unsettled.all() as number[]) {
				if (!certain.has(owner) && profiles.exists({ owned: ownership.ownedBy(owner) })) certain.add(owner);
			}
			return certain.size;
		},

		/** Ids of the profiles in a group, in order; null where there is no such group. */
		membersOf(group: string): string[] | null {
			const rows = memberships.all(group) as { lead: number; ts: number; message_id: string; source: string }[];
			if (rows.length === 0 && hasTraits.get(group) === undefined) return null;
			const owners = new Set<number>();
			for (const { lead, ts, message_id, source } of rows) {
				owners.add(ownership.ownerAt(lead, { timestamp: ts, messageId: message_id, source }));
			}
			const ids = [...owners].flatMap((owner) => profileOf(owner)?.id ?? []);
			return ids.sort();
		},
	};
}
