import type { IdentityConfig } from "@selfsame/identity";
import type { Explanation, Filter, Page, Profile } from "@selfsame/protocol";
import { canonicalJson, parseDate } from "@selfsame/protocol/filter";
import { type ProfileQuery, type ProfileRef, type ProfileSearch, StorageUnavailableError } from "../../port.ts";
import type { compileFilter } from "../../sql/search/compileFilter.ts";
import { createSearch, defaultTimeLimit, tooLong } from "../../sql/search/createSearch.ts";
import type { SearchDialect } from "../../sql/search/searchDialect.ts";
import type { Work } from "../../sql/work.ts";
import { sqliteDialect } from "../dialect.ts";
import { openReader, type SqliteDatabase } from "../openDatabase.ts";
import { createRunWork } from "../runWork.ts";
import { canonical, isoDate } from "./jsonPlace.ts";
import { sqliteSearchDialect } from "./sqliteSearchDialect.ts";
import { inTime } from "./tick.ts";

export interface SearcherOptions {
	compile?: typeof compileFilter;
	searchDialect?: SearchDialect;
	/** How many events a sequence may hold in memory at once. Default 1,000,000: about 100 MB. */
	sliceRows?: number;
	/** One Int32: once it is set, every search is cut off. */
	stop?: SharedArrayBuffer;
}

/** Answers filters, on a connection of its own: a search takes as long as it takes, and nobody waits for it. */
export function createSearcher(
	file: string,
	config: IdentityConfig,
	{ sliceRows = 1_000_000, stop, ...options }: SearcherOptions = {},
) {
	const database = openReader(file);
	// The file stays read-only; the tables that searches work with are this connection's own.
	database.pragma("query_only = OFF");
	const stopped = stop && new Int32Array(stop);
	const watch = createStopwatch(() => stopped !== undefined && Atomics.load(stopped, 0) !== 0);
	addFunctions(database, watch.check);
	const runWork = createRunWork(database);
	const search = createSearch({
		dialect: sqliteDialect,
		searchDialect: sqliteSearchDialect,
		config,
		sliceRows,
		check: watch.check,
		...options,
	});

	/** Everything is read from one commit, and what was begun is dropped when it fails. */
	const atOnce = <T>(timeLimit: number, work: Work<T>): T => {
		watch.start(timeLimit);
		database.exec("BEGIN");
		try {
			const result = runWork(work);
			database.exec("COMMIT");
			return result;
		} catch (error) {
			if (database.inTransaction) database.exec("ROLLBACK");
			search.forget();
			throw error;
		}
	};

	return {
		searchProfiles: (query: ProfileSearch): Page<Profile> =>
			atOnce(query.timeLimit ?? defaultTimeLimit, search.searchProfiles(query)),
		listProfiles: (query: ProfileQuery): Page<Profile> => atOnce(defaultTimeLimit, search.listProfiles(query)),
		explainFilter: (ref: ProfileRef, filter: Filter, now: number): Explanation | null =>
			atOnce(defaultTimeLimit, search.explainFilter(ref, filter, now)),
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
			throw tooLong(limit);
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
