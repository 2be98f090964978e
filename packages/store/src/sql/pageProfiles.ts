import type { Page, Profile } from "@selfsame/protocol";
import { parse } from "uuid";
import { decodeCursor, encodeCursor } from "../cursor.ts";
import type { ProfileQuery } from "../port.ts";
import { PAGE_BYTES } from "./pageBytes.ts";
import type { Work } from "./work.ts";

/** ms after which a page ends with what it has found, unless it has looked at fewer than so many candidates. */
const PAGE_TIME = 1_000;
const LEAST_LOOKED = 20;

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
	const found: Profile[] = [];
	const begin = cursor === undefined ? "" : (decodeCursor("profiles by key", filters, cursor)[0] as string);
	let key: Uint8Array = Buffer.from(begin, "hex");
	let size = 0;
	let looked = 0;
	let isSpent = false;
	const until = performance.now() + PAGE_TIME;
	while (found.length <= limit && !isSpent) {
		const next = yield* candidates.after(key);
		if (next.length === 0) break;
		for (const candidate of next) {
			// Many that name no profile, or large ones: the page ends here, and its cursor goes on.
			isSpent = size > PAGE_BYTES || (looked >= LEAST_LOOKED && performance.now() > until);
			if (isSpent || found.length > limit) break;
			looked++;
			key = candidate.key;
			const profile = yield* candidates.profileOf(candidate);
			if (!profile || !matches(profile, query)) continue;
			found.push(profile);
			size += JSON.stringify(profile.traits).length;
		}
	}
	const data = found.slice(0, limit);
	const hasMore = isSpent || found.length > limit;
	const reached = found.length > limit ? parse((data.at(-1)?.id ?? "").slice("pro_".length)) : key;
	const next = hasMore ? encodeCursor("profiles by key", filters, [Buffer.from(reached).toString("hex")]) : null;
	return { data, page: { next, hasMore, limit } };
}

function matches(profile: Profile, { identifierType, seenAfter }: ProfileQuery): boolean {
	return (
		(identifierType === undefined || profile.identifiers.some(({ type }) => type === identifierType)) &&
		(seenAfter === undefined || Date.parse(profile.lastSeen as string) >= seenAfter)
	);
}
