import { resolve } from "node:path";
import type { Store, StoreOptions } from "../port.ts";
import { createLogKeeper } from "./createLogKeeper.ts";
import { lazyWorker } from "./lazyWorker.ts";
import { createSearchClient } from "./search/createSearchClient.ts";
import { startWorker } from "./workerClient.ts";

/**
 * The store in one SQLite file: a worker that writes, a worker that reads and, from the first search on, one that searches,
 * so that neither parsing requests nor a short question waits for the disk or for a long question.
 */
export async function openSqliteStore(path: string, { identity }: StoreOptions): Promise<Store> {
	const file = resolve(path);
	const writer = await startWorker({ role: "writer", file, identity });
	const reader = await startWorker({ role: "reader", file, identity });
	const log = createLogKeeper(
		file,
		writer,
		lazyWorker(() => startWorker({ role: "checkpointer", file, identity })),
	);
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
		ready: () => write("ready"),

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
		listSecretKeys: () => read("listSecretKeys"),
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
