import type { Blocked } from "@selfsame/identity";
import type { Store } from "@selfsame/store";
import type { KeyRing } from "./auth/createKeyRing.ts";
import type { KeyWatch } from "./auth/createKeyWatch.ts";
import type { ProxyTrust } from "./auth/createProxyTrust.ts";
import type { SourceBook } from "./auth/createSourceBook.ts";
import type { Verifier } from "./auth/createVerifier.ts";
import type { Config } from "./config.ts";
import type { Exporter } from "./export/createExporter.ts";
import type { ByteBudget } from "./ingest/createByteBudget.ts";
import type { CommitQueue } from "./ingest/createCommitQueue.ts";
import type { RateLimiter } from "./ingest/createRateLimiter.ts";
import type { LiveHub } from "./live/createLiveHub.ts";
import type { Log } from "./operations/createLog.ts";
import type { Metrics } from "./operations/createMetrics.ts";

/** What the routes work with. Clock and ids come in here, so that tests can hold them still. */
export interface Deps {
	store: Store;
	config: Config;
	sources: SourceBook;
	keyRing: KeyRing;
	keyWatch: KeyWatch;
	verifier: Verifier;
	proxies: ProxyTrust;
	rates: RateLimiter;
	queue: CommitQueue;
	exporter: Exporter;
	live: LiveHub;
	/** Bytes of request bodies in flight. */
	budget: ByteBudget;
	metrics: Metrics;
	log: Log;
	/** ms since 1970: instants, such as when an event was received. */
	now(): number;
	/** ms by a clock that nobody sets: durations, such as how old what was read is. It began at the time of start. */
	steadyNow(): number;
	newId(): string;
	/** Whether a normalised id is a placeholder in this workspace. */
	isBlocked: Blocked;
	/** True once the server is asked to stop. */
	isStopping(): boolean;
}
