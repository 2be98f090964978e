import type { Page, Profile } from "@selfsame/protocol";
import type { ProfileQuery } from "../port.ts";
import type { Dialect } from "./dialect.ts";
import { profileIdOf } from "./hashes.ts";
import type { Ownership } from "./ownership.ts";
import { type Candidates, pageProfiles } from "./pageProfiles.ts";
import type { ProfileReader } from "./profileReader.ts";
import { all, column, pluck, type Work } from "./work.ts";

interface Candidate {
	id: number;
	key: Buffer;
	type: string;
	value: string;
}

/** How many candidates a step of a listing reads. */
const stride = 200;

// An identifier under a user never names a profile, since users are of the best type.
const nextCandidates = `SELECT i.id, i.key, i.type, i.value FROM identifiers i JOIN identifiers r ON r.id = i.root
	WHERE i.key > ? AND i.died_at IS NULL AND (i.type = 'user_id' OR r.owner IS NULL) ORDER BY i.key LIMIT ${stride}`;
const settledOwners = `SELECT DISTINCT coalesce(o.root, i.root) FROM identifiers i JOIN identifiers r ON r.id = i.root
	LEFT JOIN identifiers o ON o.id = r.owner
	WHERE (i.flags & 2) <> 0 AND i.value IS NOT NULL AND (i.type = 'user_id' OR r.state IN (0, 3))`;
const countSettled = `SELECT count(*) FROM (${settledOwners}) AS settled`;
const unsettled = `SELECT coalesce(u.root, s.owner) FROM spans s LEFT JOIN identifiers u ON u.id = s.owner AND u.type = 'user_id'
	UNION SELECT coalesce(o.root, i.root) FROM identifiers i JOIN identifiers r ON r.id = i.root
	LEFT JOIN identifiers o ON o.id = r.owner
	WHERE (i.flags & 2) <> 0 AND i.value IS NULL AND (i.type = 'user_id' OR r.state IN (0, 3))
	EXCEPT ${settledOwners}`;
const memberships = `SELECT m.lead, e.ts, e.message_id, e.source FROM memberships m JOIN events e ON e.seq = m.seq
	WHERE m.group_id = ? ORDER BY m.lead`;

/** Goes over all profiles, in the order of their ids. */
export function createProfileLister(dialect: Dialect, ownership: Ownership, profiles: ProfileReader) {
	let counted: { version: number | string | undefined; count: number } | null = null;

	/** The profile that an identifier names, if it is the one that names it. */
	function* namedBy({ id, type, value }: Candidate): Work<Profile | null> {
		const parts = { owned: yield* ownership.ownedBy(yield* ownership.ownerOf(id)) };
		const held = yield* profiles.heldOf(parts);
		if (held.length === 0 || (yield* profiles.naming(held)).id !== id) return null;
		const profile = yield* profiles.profile(parts);
		return profile?.id === profileIdOf({ type, value }) ? profile : null;
	}

	const candidates: Candidates<Candidate> = { after: (key) => all(nextCandidates, key), profileOf: namedBy };

	return {
		/** What a listing looks through, for whoever looks at several at once. */
		candidates,

		list: (query: ProfileQuery): Work<Page<Profile>> => pageProfiles<Candidate>(query, candidates),

		/** How many there are. Goes over all of them, once for each commit that somebody asks after. */
		*count(): Work<number> {
			const version = yield* pluck<number | string>(dialect.version);
			if (counted && counted.version === version) return counted.count;
			let count = (yield* pluck<number>(countSettled)) as number;
			for (const owner of yield* column<number>(unsettled)) {
				if (yield* profiles.exists({ owned: yield* ownership.ownedBy(owner) })) count += 1;
			}
			counted = { version, count };
			return count;
		},

		/** Ids of the profiles in a group, in order; null where there is no such group. */
		*membersOf(group: string): Work<string[] | null> {
			const rows = yield* all<{ lead: number; ts: number; message_id: string; source: string }>(memberships, group);
			const hasTraits = "SELECT 1 FROM group_writes WHERE group_id = ? LIMIT 1";
			if (rows.length === 0 && (yield* pluck(hasTraits, group)) === undefined) return null;
			const owners = new Set<number>();
			for (const { lead, ts, message_id, source } of rows) {
				owners.add(yield* ownership.ownerAt(lead, { timestamp: ts, messageId: message_id, source }));
			}
			const ids: string[] = [];
			for (const owner of owners) {
				const profile = yield* profiles.profile({ owned: yield* ownership.ownedBy(owner) });
				if (profile) ids.push(profile.id);
			}
			return ids.sort();
		},
	};
}
