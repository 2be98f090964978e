import type { IdentityConfig } from "@selfsame/identity";
import type { Explanation, Filter, Page, Profile } from "@selfsame/protocol";
import { DatabaseError, type PoolClient } from "pg";
import type { ProfileQuery, ProfileRef, ProfileSearch } from "../../port.ts";
import type { compileFilter } from "../../sql/search/compileFilter.ts";
import { createSearch, defaultTimeLimit, type Search, tooLong } from "../../sql/search/createSearch.ts";
import { limitWaiting } from "../../sql/search/limitWaiting.ts";
import type { Work } from "../../sql/work.ts";
import { postgresDialect } from "../dialect.ts";
import { openPool, patient } from "../openPool.ts";
import { readOneState } from "../readOneState.ts";
import type { PostgresUrl } from "../readUrl.ts";
import { createRunWork } from "../runWork.ts";
import { createQueue } from "./createQueue.ts";
import { postgresSearchDialect } from "./postgresSearchDialect.ts";
import { runInTime } from "./runInTime.ts";

export interface SearcherOptions {
	compile?: typeof compileFilter;
	/** How many events a sequence looks at in one go. By default all: PostgreSQL sorts on the disk what is too much. */
	sliceRows?: number;
}

/** A search sees one commit, and writes its own tables. */
const begin = "BEGIN ISOLATION LEVEL REPEATABLE READ";

/** `statement_timeout` ended a statement, or `cancel` did. */
const cancelled = "57014";

interface Session {
	search: Search;
	/** The server's process. */
	pid: number;
}

/**
 * Answers filters, one after another, on a connection of its own, whose temporary tables they share. It is made for the
 * first search, and anew when it broke.
 *
 * While a search runs, its transaction holds back what waits for all transactions to end: vacuum, and the live feed.
 */
export function createSearcher(
	url: PostgresUrl,
	config: IdentityConfig,
	{ sliceRows = Number.MAX_SAFE_INTEGER, ...options }: SearcherOptions = {},
) {
	const pool = openPool(patient(url));
	const queue = createQueue();
	const limited = limitWaiting();
	const sessions = new WeakMap<PoolClient, Session>();
	let limit = defaultTimeLimit;
	let end = 0;
	let running: Session | null = null;
	let closing: Promise<void> | undefined;

	const remaining = (): number => {
		queue.requireOpen();
		const left = end - performance.now();
		if (left <= 0) throw tooLong(limit);
		return left;
	};

	const sessionOf = async (client: PoolClient): Promise<Session> => {
		const known = sessions.get(client);
		if (known) return known;
		// Sets of profiles are looked up in memory where there is room.
		const { rows } = await client.query("SELECT pg_backend_pid() AS pid, set_config('work_mem', '64MB', false)");
		const search = createSearch({
			dialect: postgresDialect,
			searchDialect: postgresSearchDialect,
			config,
			sliceRows,
			check: remaining,
			...options,
		});
		const session = { search, pid: rows[0].pid as number };
		sessions.set(client, session);
		return session;
	};

	const searchOn = async <T>(client: PoolClient, ask: (search: Search) => Work<T>): Promise<T> => {
		const session = await sessionOf(client);
		running = session;
		try {
			return await createRunWork(client)(runInTime(ask(session.search), remaining));
		} catch (error) {
			session.search.forget();
			if (!(error instanceof DatabaseError && error.code === cancelled)) throw error;
			queue.requireOpen();
			throw tooLong(limit);
		} finally {
			running = null;
		}
	};

	const answer = <T>(timeLimit: number, ask: (search: Search) => Work<T>): Promise<T> =>
		limited(() =>
			queue.run(() => {
				[limit, end] = [timeLimit, performance.now() + timeLimit];
				return readOneState(pool, begin, (client) => searchOn(client, ask));
			}),
		);

	/** Ends the statement that is under way. */
	const cancel = async (): Promise<void> => {
		if (!running) return;
		const other = openPool(patient(url));
		try {
			await other.query("SELECT pg_cancel_backend($1)", [running.pid]);
		} catch {
			// Then it ends when its time is over.
		} finally {
			await other.end();
		}
	};

	return {
		searchProfiles: (query: ProfileSearch): Promise<Page<Profile>> =>
			answer(query.timeLimit ?? defaultTimeLimit, (search) => search.searchProfiles(query)),
		listProfiles: (query: ProfileQuery): Promise<Page<Profile>> =>
			answer(defaultTimeLimit, (search) => search.listProfiles(query)),
		explainFilter: (ref: ProfileRef, filter: Filter, now: number): Promise<Explanation | null> =>
			answer(defaultTimeLimit, (search) => search.explainFilter(ref, filter, now)),
		/** Ends the search that is under way, and those that wait for it. */
		close(): Promise<void> {
			closing ??= queue.close(cancel).then(() => pool.end());
			return closing;
		},
	};
}
