import type { IdentityConfig } from "@selfsame/identity";
import type { Explanation, Filter, Json, Page, Profile } from "@selfsame/protocol";
import { canonicalJson, explainFilter } from "@selfsame/protocol/filter";
import { decodeCursor, encodeCursor } from "../../cursor.ts";
import { FilterTooCostlyError, type ProfileQuery, type ProfileRef, type ProfileSearch } from "../../port.ts";
import type { Dialect } from "../dialect.ts";
import { createOneCommit } from "../oneCommit.ts";
import { createOwnership } from "../ownership.ts";
import { pageProfiles } from "../pageProfiles.ts";
import { createProfileReader } from "../profileReader.ts";
import type { Work } from "../work.ts";
import { ask } from "./ask.ts";
import { type CompiledFilter, compileFilter } from "./compileFilter.ts";
import { compileListing } from "./compileListing.ts";
import { createSubjectReader } from "./readSubject.ts";
import type { SearchDialect } from "./searchDialect.ts";
import { createSearchTables } from "./searchTables.ts";

/** How long a search may take where it is not said, ms: longer than any that is meant to be waited for. */
export const defaultTimeLimit = 10_000;
interface PersonRow {
	label: number;
	/** The uuid of the profile's id. */
	key: Buffer;
}

/** How many events an explanation looks at: it holds them in memory, and looks at some of them many times. */
const mostExplained = 20_000;

export interface SearchDeps {
	dialect: Dialect;
	searchDialect: SearchDialect;
	config: IdentityConfig;
	compile?: typeof compileFilter;
	/** How many events a sequence may hold in memory at once. */
	sliceRows: number;
	/** Throws once the time is over. */
	check(): void;
}

/**
 * Answers filters. One connection's: it has temporary tables there, and one answer at a time may be under way, each in one
 * transaction that sees one commit. After one that failed, `forget`.
 */
export function createSearch(deps: SearchDeps) {
	const { dialect, searchDialect, config, compile = compileFilter, sliceRows, check } = deps;
	const commit = createOneCommit();
	const ownership = createOwnership(commit);
	const profiles = createProfileReader(config, ownership);
	const tables = createSearchTables({ dialect: searchDialect, config, ownership, profiles, sliceRows });
	const readSubject = createSubjectReader(dialect, profiles);

	/** Names the profiles that match and have no name yet: their place in the order depends on it. */
	function* nameMatches({ where, values }: CompiledFilter): Work<void> {
		if (!tables.hasUnnamed()) return;
		const sql = `SELECT p.label FROM ${tables.from()} WHERE p.key IS NULL AND ${where}`;
		for (const label of yield* ask<number[]>("column", sql, values)) {
			check();
			yield* tables.name(label);
		}
	}

	/** The next ones that match, in the order of their ids. */
	function peopleAfter(after: Uint8Array, { where, values, isOnLabels }: CompiledFilter, limit: number) {
		const sql = `SELECT p.label, p.key FROM ${tables.from(isOnLabels ? "key" : "row")}
			WHERE ${where} AND p.key > :after ORDER BY p.key LIMIT :limit`;
		return ask<PersonRow[]>("rows", sql, { ...values, after, limit });
	}

	function* profileOf({ label }: PersonRow): Work<Profile | null> {
		check();
		return yield* profiles.profile({ owned: yield* ownership.ownedBy(label) });
	}

	function* list(query: ProfileQuery): Work<Page<Profile>> {
		yield* tables.refresh();
		const compiled = compileListing(query, tables);
		yield* tables.fill();
		yield* nameMatches(compiled);
		const after = (key: Uint8Array) => peopleAfter(key, compiled, query.limit + 1);
		return yield* pageProfiles<PersonRow>(query, { after, profileOf });
	}

	function* search({ filter, limit, cursor, now }: ProfileSearch): Work<Page<Profile>> {
		const filters = canonicalJson(filter as unknown as Json);
		const [after, at] = cursor === undefined ? [null, now] : decodeCursor("search", filters, cursor);
		yield* tables.refresh();
		// What the first page looked for is there still.
		if (cursor === undefined) yield* tables.keep(filter);
		const compiled = compile(filter, { ...tables, now: at as number, hasStretches: tables.hasStretches() });
		yield* tables.fill();
		yield* nameMatches(compiled);
		const key = after === null ? Buffer.alloc(0) : Buffer.from(after as string, "base64url");
		const rows = yield* peopleAfter(key, compiled, limit + 1);
		const data: Profile[] = [];
		for (const row of rows.slice(0, limit)) {
			const profile = yield* profileOf(row);
			if (profile) data.push(profile);
		}
		const hasMore = rows.length > limit;
		const last = rows[limit - 1]?.key.toString("base64url") ?? "";
		return {
			data,
			page: { next: hasMore ? encodeCursor("search", filters, [last, at as number]) : null, hasMore, limit },
		};
	}

	function* explain(ref: ProfileRef, filter: Filter, now: number): Work<Explanation | null> {
		const id = yield* profiles.find(ref);
		if (id === undefined || !(yield* profiles.isSeen(id))) return null;
		const parts = { owned: yield* ownership.ownedBy(yield* ownership.ownerOf(id)) };
		if (!(yield* profiles.exists(parts))) return null;
		const subject = yield* readSubject(parts, filter, mostExplained);
		if (subject) return explainFilter(filter, subject, now);
		throw new FilterTooCostlyError(
			`The profile has more than ${mostExplained} events that the filter asks about. Explain a part of the filter, ` +
				'or ask about events by name instead of "*".',
		);
	}

	/** What was read of one commit is remembered until it is answered. */
	function* one<T>(answer: Work<T>): Work<T> {
		try {
			return yield* answer;
		} finally {
			commit.end();
		}
	}

	return {
		searchProfiles: (query: ProfileSearch): Work<Page<Profile>> => one(search(query)),
		/** A listing with filters: few may match, and finding them takes a look at everybody. */
		listProfiles: (query: ProfileQuery): Work<Page<Profile>> => one(list(query)),
		explainFilter: (ref: ProfileRef, filter: Filter, now: number): Work<Explanation | null> =>
			one(explain(ref, filter, now)),
		/** The tables are not what they were, since a transaction was undone. */
		forget: tables.forget,
	};
}

export type Search = ReturnType<typeof createSearch>;

/** A search took longer than it may, ms. */
export function tooLong(limit: number): FilterTooCostlyError {
	return new FilterTooCostlyError(
		`The search took longer than ${limit / 1_000} s. Narrow it: fewer conditions on events, events by name instead of ` +
			'"*", a shorter sequence, fewer tests of properties.',
	);
}
