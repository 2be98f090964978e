import type { Page, Profile } from "@selfsame/protocol";
import { parse } from "uuid";
import { decodeCursor, encodeCursor } from "../cursor.ts";
import type { ProfileQuery } from "../port.ts";

/**
 * Takes a page from profiles in the order of their ids.
 *
 * @param profilesAfter gives the candidates after an id, by its uuid; those that do not match are left out here.
 */
export function pageProfiles(
	query: ProfileQuery,
	profilesAfter: (key: Uint8Array) => Iterable<Profile>,
): Page<Profile> {
	const { limit, cursor, identifierType, seenAfter } = query;
	const filters = [identifierType, seenAfter];
	const after = cursor === undefined ? null : (decodeCursor("profiles", filters, cursor)[0] as string);
	const found: Profile[] = [];
	for (const profile of profilesAfter(Buffer.from(after === null ? [] : parse(after.slice("pro_".length))))) {
		if (matches(profile, query)) found.push(profile);
		if (found.length > limit) break;
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
