import type { Store } from "@selfsame/store";
import type { KeyRing } from "./auth/createKeyRing.ts";
import type { SourceBook } from "./auth/createSourceBook.ts";
import type { Config } from "./config.ts";
import type { ByteBudget } from "./ingest/createByteBudget.ts";
import type { CommitQueue } from "./ingest/createCommitQueue.ts";

/** What the routes work with. Clock and ids come in here, so that tests can hold them still. */
export interface Deps {
	store: Store;
	config: Config;
	sources: SourceBook;
	keyRing: KeyRing;
	queue: CommitQueue;
	/** Bytes of request bodies in flight. */
	budget: ByteBudget;
	/** ms since 1970. */
	now(): number;
	newId(): string;
	/** True once the server is asked to stop. */
	isStopping(): boolean;
}
