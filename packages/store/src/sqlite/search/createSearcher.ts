import type { IdentityConfig } from "@selfsame/identity";
import type { Explanation, Filter, Json, Page, Profile } from "@selfsame/protocol";
import { canonicalJson, explainFilter, parseDate } from "@selfsame/protocol/filter";
import { decodeCursor, encodeCursor } from "../../cursor.ts";
import {
	FilterTooCostlyError,
	type ProfileQuery,
	type ProfileRef,
	type ProfileSearch,
	StorageUnavailableError,
} from "../../port.ts";
import { openReader, type SqliteDatabase } from "../openDatabase.ts";
import { createOwnership } from "../ownership.ts";
import { pageProfiles } from "../pageProfiles.ts";
import { createProfileReader } from "../profileReader.ts";
import { type CompiledFilter, compileFilter } from "./compileFilter.ts";
import { compileListing } from "./compileListing.ts";
import { createSubjectReader } from "./readSubject.ts";
import { createSearchTables } from "./searchTables.ts";
import { canonical, inTime, isoDate } from "./sql.ts";

/** How long a search may take where it is not said, ms: longer than any that is meant to be waited for. */
const defaultTimeLimit = 10_000;
/** How many events an explanation looks at: it holds them in memory, and looks at some of them many times. */
const mostExplained = 20_000;

export interface SearcherOptions {
	compile?: typeof compileFilter;
	/** How many events a sequence may hold in memory at once. Default 250,000: about 100 MB. */
	sliceRows?: number;
	/** One Int32: once it is set, every search is cut off. */
	stop?: SharedArrayBuffer;
}

/** Answers filters, on a connection of its own: a search takes as long as it takes, and nobody waits for it. */
export function createSearcher(
	file: string,
	config: IdentityConfig,
	{ compile = compileFilter, sliceRows = 250_000, stop }: SearcherOptions = {},
) {
	const database = openReader(file);
	// The file stays read-only; the tables that searches work with are this connection's own.
	database.pragma("query_only = OFF");
	const ownership = createOwnership(database);
	const profiles = createProfileReader(database, config, ownership);
	const tables = createSearchTables({ database, config, ownership, profiles, sliceRows });
	const readSubject = createSubjectReader(database, profiles);
	const stopped = stop && new Int32Array(stop);
	const watch = createStopwatch(() => stopped !== undefined && Atomics.load(stopped, 0) !== 0);
	addFunctions(database, watch.check);

	/** Everything is read from one commit, and what was begun is dropped when it fails. */
	const atOnce = <T>(timeLimit: number, work: () => T): T => {
		watch.start(timeLimit);
		database.exec("BEGIN");
		try {
			const result = work();
			database.exec("COMMIT");
			return result;
		} catch (error) {
			if (database.inTransaction) database.exec("ROLLBACK");
			tables.forget();
			throw error;
		}
	};

	/** Names the profiles that match and have no name yet: their place in the order depends on it. */
	const nameMatches = ({ where, values }: CompiledFilter) => {
		if (!tables.hasUnnamed()) return;
		const sql = `SELECT p.label FROM temp.people p WHERE p.key IS NULL AND ${where}`;
		for (const label of database.prepare(sql).pluck().all(values) as number[]) {
			watch.check();
			tables.name(label);
		}
	};

	/** The next ones that match, in the order of their ids. */
	const peopleAfter = (after: Uint8Array, { where, values }: CompiledFilter, limit: number) => {
		const sql = `SELECT p.label, p.key FROM temp.people p
			WHERE ${where} AND p.key > :after ORDER BY p.key LIMIT :limit`;
		return database.prepare(sql).all({ ...values, after, limit }) as { label: number; key: Buffer }[];
	};

	const list = (query: ProfileQuery): Page<Profile> => {
		tables.refresh();
		const compiled = compileListing(query, tables);
		nameMatches(compiled);
		return pageProfiles(query, function* (after) {
			for (let key = after; ; ) {
				const rows = peopleAfter(key, compiled, query.limit + 1);
				for (const { label } of rows) {
					watch.check();
					const profile = profiles.profile({ owned: ownership.ownedBy(label) });
					if (profile) yield profile;
				}
				const last = rows.at(-1);
				if (!last) return;
				key = last.key;
			}
		});
	};

	const search = ({ filter, limit, cursor, now }: ProfileSearch): Page<Profile> => {
		const filters = canonicalJson(filter as unknown as Json);
		const [after, at] = cursor === undefined ? [null, now] : decodeCursor("search", filters, cursor);
		tables.refresh();
		const compiled = compile(filter, { ...tables, now: at as number, hasStretches: tables.hasStretches() });
		nameMatches(compiled);
		const key = after === null ? Buffer.alloc(0) : Buffer.from(after as string, "base64url");
		const rows = peopleAfter(key, compiled, limit + 1);
		const data = rows.slice(0, limit).flatMap(({ label }) => {
			watch.check();
			return profiles.profile({ owned: ownership.ownedBy(label) }) ?? [];
		});
		const hasMore = rows.length > limit;
		const last = rows[limit - 1]?.key.toString("base64url") ?? "";
		return {
			data,
			page: { next: hasMore ? encodeCursor("search", filters, [last, at as number]) : null, hasMore, limit },
		};
	};

	const explain = (ref: ProfileRef, filter: Filter, now: number): Explanation | null => {
		const id = profiles.find(ref);
		if (id === undefined || !profiles.isSeen(id)) return null;
		const parts = { owned: ownership.ownedBy(ownership.ownerOf(id)) };
		if (!profiles.profile(parts)) return null;
		const subject = readSubject(parts, filter, mostExplained);
		if (subject) return explainFilter(filter, subject, now);
		throw new FilterTooCostlyError(
			`The profile has more than ${mostExplained} events that the filter asks about. Explain a part of the filter, ` +
				'or ask about events by name instead of "*".',
		);
	};

	return {
		searchProfiles: (query: ProfileSearch): Page<Profile> =>
			atOnce(query.timeLimit ?? defaultTimeLimit, () => search(query)),
		/** A listing with filters: few may match, and finding them takes a look at everybody. */
		listProfiles: (query: ProfileQuery): Page<Profile> => atOnce(defaultTimeLimit, () => list(query)),
		explainFilter: (ref: ProfileRef, filter: Filter, now: number): Explanation | null =>
			atOnce(defaultTimeLimit, () => explain(ref, filter, now)),
		close(): void {
			database.close();
		},
	};
}

interface Stopwatch {
	/** ms. */
	start(limit: number): void;
	/** Throws once the time is over. */
	check(): void;
}

function createStopwatch(isStopped: () => boolean): Stopwatch {
	let limit = 0;
	let end = 0;
	return {
		start(given) {
			if (isStopped()) throw new StorageUnavailableError("The store is being closed.");
			limit = given;
			end = performance.now() + given;
		},
		check() {
			if (isStopped()) throw new StorageUnavailableError("The store is being closed.");
			if (performance.now() <= end) return;
			throw new FilterTooCostlyError(
				`The search took longer than ${limit / 1_000} s. Narrow it: fewer conditions on events, events by name instead of ` +
					'"*", a shorter sequence, fewer tests of properties.',
			);
		},
	};
}

function addFunctions(database: SqliteDatabase, check: () => void): void {
	database.function(inTime, () => {
		check();
		return 1;
	});
	const pure = { deterministic: true };
	database.function(canonical, pure, (text) => (text === null ? null : canonicalJson(JSON.parse(text as string))));
	database.function(isoDate, pure, parseDate);
}
