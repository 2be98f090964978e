import type { Page, Profile } from "@selfsame/protocol";
import { parse } from "uuid";
import { decodeCursor, encodeCursor } from "../cursor.ts";
import type { ProfileQuery } from "../port.ts";
import type { Work } from "./work.ts";

/** Where a page of profiles comes from. */
export interface Candidates<C extends { key: Uint8Array }> {
	/** The next ones in the order of their keys, some at a time; none: there are no more. */
	after(key: Uint8Array): Work<C[]>;
	/** The profile with the key of a candidate as its id's uuid, if there is one. */
	profileOf(candidate: C): Work<Profile | null>;
}

/** Takes a page from profiles in the order of their ids. Those that do not match are left out here. */
export function* pageProfiles<C extends { key: Uint8Array }>(
	query: ProfileQuery,
	candidates: Candidates<C>,
): Work<Page<Profile>> {
	const { limit, cursor, identifierType, seenAfter } = query;
	const filters = [identifierType, seenAfter];
	const after = cursor === undefined ? null : (decodeCursor("profiles", filters, cursor)[0] as string);
	const found: Profile[] = [];
	let key: Uint8Array = Buffer.from(after === null ? [] : parse(after.slice("pro_".length)));
	while (found.length <= limit) {
		const next = yield* candidates.after(key);
		for (const candidate of next) {
			key = candidate.key;
			const profile = yield* candidates.profileOf(candidate);
			if (profile && matches(profile, query)) found.push(profile);
			if (found.length > limit) break;
		}
		if (next.length === 0) break;
	}
	const data = found.slice(0, limit);
	const hasMore = found.length > limit;
	const next = hasMore ? encodeCursor("profiles", filters, [data.at(-1)?.id ?? ""]) : null;
	return { data, page: { next, hasMore, limit } };
}

function matches(profile: Profile, { identifierType, seenAfter }: ProfileQuery): boolean {
	return (
		(identifierType === undefined || profile.identifiers.some(({ type }) => type === identifierType)) &&
		(seenAfter === undefined || Date.parse(profile.lastSeen as string) >= seenAfter)
	);
}
