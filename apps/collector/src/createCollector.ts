import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { HttpBindings } from "@hono/node-server";
import { createBlocked } from "@selfsame/identity";
import { openStore, type Store } from "@selfsame/store";
import type { Hono } from "hono";
import { createKeyRing } from "./auth/createKeyRing.ts";
import { createKeyWatch } from "./auth/createKeyWatch.ts";
import { createProxyTrust } from "./auth/createProxyTrust.ts";
import { createSourceBook } from "./auth/createSourceBook.ts";
import { createVerifier } from "./auth/createVerifier.ts";
import { type EnsuredKeys, ensureKeys, type KeyOptions } from "./auth/ensureKeys.ts";
import { type Config, parseConfig, toIdentityConfig } from "./config.ts";
import { createApp } from "./createApp.ts";
import type { Deps } from "./deps.ts";
import { createExporter } from "./export/createExporter.ts";
import { createByteBudget } from "./ingest/createByteBudget.ts";
import { createCommitQueue } from "./ingest/createCommitQueue.ts";
import { createIngestListener, type IngestListener } from "./ingest/createIngestListener.ts";
import { createRateLimiter } from "./ingest/createRateLimiter.ts";
import { trimRejected } from "./ingest/trimRejected.ts";
import { createLiveHub, type LiveOptions } from "./live/createLiveHub.ts";
import { createLog, type Log } from "./operations/createLog.ts";
import { createMetrics } from "./operations/createMetrics.ts";

export interface CollectorOptions {
	/** `file:./data/selfsame.db` or `postgres://...`; a memory database is not offered, since it keeps nothing. */
	databaseUrl: string;
	/** See `configSchema`; the defaults when left out. */
	config?: Partial<Config>;
	/** Write and secret keys to make sure of at start; see `ensureKeys`. */
	keys?: KeyOptions;
	/** ms since 1970. Default: the system's clock. */
	now?: () => number;
	/** ms by a clock that nobody sets, for durations. Default: what has passed since the process started, on top of its start. */
	steadyNow?: () => number;
	/** Where log lines go. Default: nowhere. */
	log?: Log;
	/** Limits of the live stream of events. */
	live?: LiveOptions;
	/** Gives back memory, called after each 8 MiB of huge or dropped bodies: see `boundHeap`. Default: V8 does so when it likes. */
	relieve?: () => void;
	/** The built browser SDK. Default: the one beside the built collector, or in the workspace. */
	sdkFile?: string | null;
}

export interface Collector {
	/** Answers requests; routes may be added to it before the first one. */
	app: Hono<{ Bindings: HttpBindings }>;
	/** Answers what brings events, straight from the socket; what it leaves is for `app`. */
	ingest: IngestListener;
	store: Store;
	/** The keys that events and reads need, as given or as generated. */
	keys: EnsuredKeys;
	/** Makes changes to sources hold at once instead of within seconds. */
	reload(): Promise<void>;
	/** From now on refuses new events with 503, so that their senders turn elsewhere; reads are still answered. */
	refuseEvents(): void;
	/** Commits what was taken, and closes the store. May be called more than once. */
	close(): Promise<void>;
}

/** Opens the store and puts the collector together. It listens nowhere yet: see `listen`. */
export async function createCollector(options: CollectorOptions): Promise<Collector> {
	const { databaseUrl, now = Date.now, steadyNow = sinceStart, log = createLog("silent") } = options;
	const { sdkFile = findPublic(["./public/selfsame.js", "../../../packages/sdk/dist/selfsame.js"]) } = options;
	const config = parseConfig(options.config ?? {});
	const identity = toIdentityConfig(config);
	const store = await openStore(databaseUrl, { identity });
	const keys = await ensureKeys(store, options.keys ?? {}, now);
	const budget = createByteBudget(config.queueBytes, options.relieve);
	const live = createLiveHub(store, options.live);
	const exporter = createExporter({ databaseUrl, identity });
	const metrics = createMetrics(
		{ queueBytes: () => budget.used, liveStreams: () => live.streams, exports: () => exporter.running },
		store.diagnostics,
	);
	let stopping = false;
	let closing: Promise<void> | null = null;
	const observe: typeof metrics.observeCommit = (commit) => {
		metrics.observeCommit(commit);
		live.wake();
	};
	const rates = createRateLimiter(steadyNow);
	const keyWatch = createKeyWatch({ rates, metrics, log });
	const deps: Deps = {
		store,
		config,
		sources: createSourceBook(store, steadyNow),
		keyRing: createKeyRing(store, { now, steadyNow }),
		verifier: createVerifier(now),
		proxies: createProxyTrust(config.trustedProxies),
		rates,
		keyWatch,
		queue: createCommitQueue(store, { now: () => performance.now(), observe }),
		exporter,
		live,
		budget,
		metrics,
		log,
		now,
		steadyNow,
		newId: randomUUID,
		isBlocked: createBlocked(identity),
		isStopping: () => stopping,
	};
	const stopTrimming = trimRejected(deps);
	const refuseEvents = () => {
		stopping = true;
		// A stream never ends by itself, and its readers come back to whoever serves next.
		live.close();
	};
	return {
		app: createApp(deps, { sdkFile, docsFolder: findPublic(["./public/docs", "../node_modules/swagger-ui-dist"]) }),
		ingest: createIngestListener(deps),
		store,
		keys,
		reload: deps.sources.reload,
		refuseEvents,
		close() {
			refuseEvents();
			stopTrimming();
			keyWatch.close();
			closing ??= Promise.all([deps.exporter.close(), deps.queue.drain()]).then(() => store.close());
			return closing;
		},
	};
}

/** Set clocks leave it alone, so that nothing lasts an hour longer, or is over at once, where a machine corrects its time. */
const sinceStart = () => performance.timeOrigin + performance.now();

/** Built, what is public stands beside the code; in the workspace it is where it is made or installed. */
function findPublic(places: readonly string[]): string | null {
	const files = places.map((place) => fileURLToPath(new URL(place, import.meta.url)));
	return files.find((file) => existsSync(file)) ?? null;
}
