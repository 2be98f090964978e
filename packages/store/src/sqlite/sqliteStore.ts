import { resolve } from "node:path";
import { StorageUnavailableError, type Store, type StoreOptions } from "../port.ts";
import { createLogKeeper } from "./createLogKeeper.ts";
import { lazyWorker } from "./lazyWorker.ts";
import { createSearchClient } from "./search/createSearchClient.ts";
import { startWorker } from "./workerClient.ts";

/** ms: longer than any question may take. */
const THREAD_PATIENCE = 15_000;

async function answersIn(ms: number, answer: Promise<unknown>, thread: string): Promise<void> {
	let timer: NodeJS.Timeout | undefined;
	const late = new Promise<never>((_, reject) => {
		timer = setTimeout(() => reject(new StorageUnavailableError(`The ${thread} thread does not answer.`)), ms);
	});
	await Promise.race([answer, late]).finally(() => clearTimeout(timer));
}

/**
 * The store in one SQLite file: a worker that writes, a worker that reads and, from the first search on, one that searches,
 * so that neither parsing requests nor a short question waits for the disk or for a long question.
 */
export async function openSqliteStore(path: string, { identity }: StoreOptions): Promise<Store> {
	const file = resolve(path);
	const writer = lazyWorker(() => startWorker({ role: "writer", file, identity }));
	// Both at once, so that whoever opens the store learns what is wrong with it.
	await writer.call("ping");
	const reader = lazyWorker(() => startWorker({ role: "reader", file, identity }));
	await reader.call("ping");
	const checkpointer = lazyWorker(() => startWorker({ role: "checkpointer", file, identity }));
	const log = createLogKeeper(file, writer, checkpointer);
	const write = writer.call;
	const read = reader.call;
	// Whoever follows along reads in a thread of its own, however far back it begins.
	const follower = lazyWorker(() => startWorker({ role: "follower", file, identity }));
	const search = createSearchClient((stop) => startWorker({ role: "searcher", file, identity, stop }));

	return {
		// The next lies ready when the one under way is done.
		ingestsAtOnce: 2,
		ingest(events, letters = []) {
			log.wake();
			return write("ingest", events, letters);
		},
		correct: (correction, attribution) => write("correct", correction, attribution),
		deleteProfile: (ref, options, attribution) => write("deleteProfile", ref, options, attribution),
		purge: (query, options, attribution) => write("purge", query, options, attribution),
		removeRejected: (ids) => write("removeRejected", ids),
		trimRejected: (limits) => write("trimRejected", limits),
		claimRequest: (request, limits) => write("claimRequest", request, limits),
		answerRequest: (hash, answer) => write("answerRequest", hash, answer),
		releaseRequest: (hash) => write("releaseRequest", hash),
		putSource: (source) => write("putSource", source),
		putSecretKey: (key) => write("putSecretKey", key),
		removeSecretKey: (id) => write("removeSecretKey", id),
		touchSecretKey: (id, at) => write("touchSecretKey", id, at),
		async ready() {
			await write("ready");
			// A thread that is at a long question is well; one that has not come back from anything for this long is not.
			await answersIn(THREAD_PATIENCE, read("ping"), "reader");
			const others = { searcher: search, follower, checkpointer };
			await Promise.all(
				Object.entries(others).map(([name, worker]) =>
					worker.isRunning ? answersIn(THREAD_PATIENCE, worker.call("ping"), name) : undefined,
				),
			);
		},

		findProfile: (ref, at = {}) => read("findProfile", ref, at),
		listProfiles: (query) =>
			query.identifierType === undefined && query.seenAfter === undefined
				? read("listProfiles", query)
				: search.call("listProfiles", query),
		searchProfiles: (query) => search.call("searchProfiles", query),
		explainFilter: (ref, filter, now) => search.call("explainFilter", ref, filter, now),
		listEvents: (ref, query) => read("listEvents", ref, query),
		explainIdentity: (ref, at = {}) => read("explainIdentity", ref, at),
		traitHistory: (ref, key, query) => read("traitHistory", ref, key, query),
		findGroup: (id, query) => read("findGroup", id, query),
		listGroupEvents: (id, query) => read("listGroupEvents", id, query),
		feedEnd: () => follower.call("feedEnd"),
		readFeed: (after, limit) => follower.call("readFeed", after, limit),
		stats: () => read("stats"),
		listRejected: (query) => read("listRejected", query),
		// Ingest waits for the writer anyway, and must not wait for a long question to know whose key it holds.
		listSources: () => write("listSources"),
		// Nor may whoever reads wait for somebody else's long question: in the thread that answers none.
		listSecretKeys: () => follower.call("listSecretKeys"),
		async backup(target) {
			await read("backup", target);
			await write("noteBackup", Date.now());
		},
		diagnostics: () => write("diagnostics"),

		async close() {
			await search.close();
			await follower.close();
			await log.close();
			await reader.close();
			await writer.close();
		},
	};
}
