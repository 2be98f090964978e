import type { IdentityConfig } from "@selfsame/identity";
import type { EventView, IdentityView, Page, Profile, Stats, TraitWrite } from "@selfsame/protocol";
import { decodeCursor, encodeCursor } from "../cursor.ts";
import type { AsOf, EventQuery, GroupEventQuery, GroupView, ProfileQuery, ProfileRef } from "../port.ts";
import { deadLetters } from "./deadLetters.ts";
import type { Dialect } from "./dialect.ts";
import { createEventReader } from "./eventReader.ts";
import { createHistoryReader } from "./historyReader.ts";
import { createIdentityExplainer } from "./identityExplainer.ts";
import { inTime } from "./inTime.ts";
import { createOneCommit } from "./oneCommit.ts";
import { createOwnership } from "./ownership.ts";
import { createProfileLister } from "./profileLister.ts";
import type { ProfileParts } from "./profileParts.ts";
import { createProfileReader } from "./profileReader.ts";
import { sources } from "./sources.ts";
import { traitHistory } from "./traitHistory.ts";
import { all, type Work } from "./work.ts";

interface Paging {
	limit: number;
	cursor?: string;
}

/**
 * What may be asked of a workspace, as the storage port says; each question is to be run in one transaction that sees one
 * commit. One connection's: what a question read is remembered until it is answered, so only one may be under way.
 */
export function createQuestions(dialect: Dialect, config: IdentityConfig) {
	const commit = createOneCommit();
	const ownership = createOwnership(commit);
	const profiles = createProfileReader(config, ownership);
	const events = createEventReader(dialect, ownership);
	const history = createHistoryReader(config);
	const lister = createProfileLister(dialect, ownership, profiles);
	const explainer = createIdentityExplainer({ ownership, profiles, history });

	/** Ends a question that takes too long, and forgets what it read: the next one is of another commit. */
	function* one<T>(question: Work<T>): Work<T> {
		try {
			return yield* inTime(question);
		} finally {
			commit.end();
		}
	}

	/** What is seen of the profile that an identifier belongs to. */
	function* partsOf(id: number | undefined, asOf?: number): Work<ProfileParts | null> {
		if (id === undefined || !(yield* profiles.isSeen(id, asOf))) return null;
		if (asOf === undefined) return { owned: yield* ownership.ownedBy(yield* ownership.ownerOf(id)) };
		const past = yield* history.read([id], asOf);
		return { owned: past.ownedBy(past.ownerOf(id)), asOf };
	}

	/** The parts of a profile that has something to show. */
	function* existing(id: number | undefined, asOf?: number): Work<ProfileParts | null> {
		const parts = yield* partsOf(id, asOf);
		return parts && (yield* profiles.exists(parts)) ? parts : null;
	}

	function* findProfile(ref: ProfileRef, { asOf }: AsOf): Work<Profile | null> {
		const parts = yield* partsOf(yield* profiles.find(ref, asOf), asOf);
		return parts && (yield* profiles.profile(parts));
	}

	function* listEvents(ref: ProfileRef, query: EventQuery): Work<Page<EventView> | null> {
		const parts = yield* existing(yield* profiles.find(ref, query.asOf), query.asOf);
		return parts && (yield* events.list(parts, query));
	}

	function* explainIdentity(ref: ProfileRef, { asOf }: AsOf): Work<IdentityView | null> {
		const id = yield* profiles.find(ref, asOf);
		if (id === undefined || !(yield* existing(id, asOf))) return null;
		return yield* explainer.explain(id, asOf);
	}

	function* listTraitWrites(ref: ProfileRef, key: string, query: Paging & AsOf): Work<Page<TraitWrite> | null> {
		const parts = yield* existing(yield* profiles.find(ref, query.asOf), query.asOf);
		return parts && (yield* traitHistory(profiles, parts, key, query));
	}

	function* findGroup(id: string, { limit, cursor }: Paging): Work<GroupView | null> {
		const members = yield* lister.membersOf(id);
		if (members === null) return null;
		const after = cursor === undefined ? "" : (decodeCursor("members", id, cursor)[0] as string);
		const left = members.filter((member) => member > after);
		const shown = left.slice(0, limit);
		const hasMore = left.length > limit;
		return {
			id,
			traits: yield* profiles.groupTraits(id),
			memberCount: members.length,
			members: {
				data: shown.map((member) => ({ id: member })),
				page: { next: hasMore ? encodeCursor("members", id, [shown.at(-1) ?? ""]) : null, hasMore, limit },
			},
		};
	}

	function* stats(): Work<Stats> {
		const counters = "SELECT name, CAST(sum(value) AS bigint) AS value FROM counters GROUP BY name";
		const rows = yield* all<{ name: string; value: number }>(counters);
		const count = (name: string) => rows.find((row) => row.name === name)?.value ?? 0;
		return {
			events: count("events"),
			profiles: yield* lister.count(),
			duplicates: count("duplicates"),
			rejected: count("rejected"),
			unattributed: count("unattributed"),
			suppressed: count("suppressed"),
			erased: count("erased"),
		};
	}

	return {
		findProfile: (ref: ProfileRef, at: AsOf) => one(findProfile(ref, at)),
		/** Of a query without filters; those with any are a search. */
		listProfiles: (query: ProfileQuery) => one(lister.list(query)),
		listEvents: (ref: ProfileRef, query: EventQuery) => one(listEvents(ref, query)),
		explainIdentity: (ref: ProfileRef, at: AsOf) => one(explainIdentity(ref, at)),
		traitHistory: (ref: ProfileRef, key: string, query: Paging & AsOf) => one(listTraitWrites(ref, key, query)),
		findGroup: (id: string, query: Paging) => one(findGroup(id, query)),
		listGroupEvents: (id: string, query: GroupEventQuery) => one(events.ofGroup(id, query)),
		stats: () => one(stats()),
		listRejected: deadLetters.list,
		listSources: sources.listSources,
		listSecretKeys: sources.listSecretKeys,
	};
}
