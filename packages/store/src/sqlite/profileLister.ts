import type { Page, Profile } from "@selfsame/protocol";
import type { ProfileQuery } from "../port.ts";
import { profileIdOf } from "./hashes.ts";
import type { SqliteDatabase } from "./openDatabase.ts";
import type { Ownership } from "./ownership.ts";
import { pageProfiles } from "./pageProfiles.ts";
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
	const settledOwners = `SELECT DISTINCT coalesce(o.root, i.root) FROM identifiers i JOIN identifiers r ON r.id = i.root
		LEFT JOIN identifiers o ON o.id = r.owner
		WHERE i.flags & 2 AND i.value IS NOT NULL AND (i.type = 'user_id' OR r.state IN (0, 3))`;
	const countSettled = database.prepare(`SELECT count(*) FROM (${settledOwners})`).pluck();
	const unsettled = database
		.prepare(
			`SELECT coalesce(u.root, s.owner) FROM spans s LEFT JOIN identifiers u ON u.id = s.owner AND u.type = 'user_id'
			UNION SELECT coalesce(o.root, i.root) FROM identifiers i JOIN identifiers r ON r.id = i.root
			LEFT JOIN identifiers o ON o.id = r.owner
			WHERE i.flags & 2 AND i.value IS NULL AND (i.type = 'user_id' OR r.state IN (0, 3))
			EXCEPT ${settledOwners}`,
		)
		.pluck();
	const memberships = database.prepare(
		`SELECT m.lead, e.ts, e.message_id, e.source FROM memberships m JOIN events e ON e.seq = m.seq
		WHERE m.group_id = ? ORDER BY m.lead`,
	);
	const hasTraits = database.prepare("SELECT 1 FROM group_writes WHERE group_id = ? LIMIT 1").pluck();

	let counted: { version: number; count: number } | null = null;

	const profileOf = (owner: number) => profiles.profile({ owned: ownership.ownedBy(owner) });

	/** The profile that an identifier names, if it is the one that names it. */
	const namedBy = ({ id, type, value }: { id: number; type: string; value: string }): Profile | null => {
		const parts = { owned: ownership.ownedBy(ownership.ownerOf(id)) };
		const held = profiles.heldOf(parts);
		if (held.length === 0 || profiles.naming(held).id !== id) return null;
		const profile = profiles.profile(parts);
		return profile?.id === profileIdOf({ type, value }) ? profile : null;
	};

	function* profilesAfter(after: Uint8Array): Generator<Profile> {
		for (let key = after; ; ) {
			const rows = candidates.all(key, stride) as { id: number; key: Buffer; type: string; value: string }[];
			for (const row of rows) {
				const profile = namedBy(row);
				if (profile) yield profile;
			}
			const last = rows.at(-1);
			if (!last) return;
			key = last.key;
		}
	}

	return {
		list: (query: ProfileQuery): Page<Profile> => pageProfiles(query, profilesAfter),

		/** How many there are. Goes over all of them, once for each commit that somebody asks after. */
		count(): number {
			const version = database.pragma("data_version", { simple: true }) as number;
			if (counted?.version === version) return counted.count;
			const others = (unsettled.all() as number[]).filter((owner) =>
				profiles.exists({ owned: ownership.ownedBy(owner) }),
			);
			counted = { version, count: (countSettled.get() as number) + others.length };
			return counted.count;
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
