import type { IdentityConfig } from "@selfsame/identity";
import type {
	AcceptedEvent,
	EventType,
	EventView,
	Explanation,
	Filter,
	Identifier,
	IdentityView,
	IngestResult,
	JsonObject,
	Page,
	Profile,
	Stats,
	TraitWrite,
	Trust,
} from "@selfsame/protocol";
/** Which profile: its id (`pro_...`, also one it once had) or an identifier. */
export type ProfileRef = { id: string } | Identifier;

/** Narrows a read to what was known at an instant, ms since 1970. Left out: now. */
export interface AsOf {
	asOf?: number;
}

export interface EventQuery extends AsOf {
	/** 1 to 1000. */
	limit: number;
	cursor?: string;
	/** By (timestamp, messageId); default `desc`, newest first. */
	order?: "asc" | "desc";
	type?: EventType;
	/** The name of a track event, a page or a screen. */
	name?: string;
	/** Inclusive, ms. */
	from?: number;
	/** Exclusive, ms. */
	to?: number;
}

export type GroupEventQuery = Pick<EventQuery, "limit" | "cursor" | "order" | "from" | "to">;

export interface ProfileQuery {
	/** 1 to 1000. */
	limit: number;
	cursor?: string;
	/** Only profiles that hold an identifier of this type. */
	identifierType?: string;
	/** Only profiles with an event at or after this instant, ms. */
	seenAfter?: number;
}

export interface ProfileSearch {
	/** A checked one. */
	filter: Filter;
	/** 1 to 1000. */
	limit: number;
	/** Of this filter. The pages of one search are all as of the moment of its first. */
	cursor?: string;
	/** The present moment, ms: what the filter's windows are counted back from. */
	now: number;
	/** ms; default 10,000. */
	timeLimit?: number;
}

/** Who corrects, and why; kept for ever with the correction. */
export interface Attribution {
	/** The secret key's name, or the command line. */
	actor: string;
	reason: string;
	/** The instant of the correction, ms. */
	at: number;
}

export type Correction =
	/** An alias made by a person: joins the profile of `user` with `userId`. */
	| { kind: "merge"; userId: string; otherUserId: string }
	/** Aliases before now that name the user stop linking. */
	| { kind: "unmerge"; userId: string }
	/** Links between the two before now stop counting, whichever of them led. */
	| { kind: "unlink"; identifier: Identifier; from: Identifier };

export interface DeletionReceipt {
	receiptId: string;
	erasedEvents: number;
	/** How many identifiers were deleted. */
	identifiers: number;
	/** ISO 8601. */
	deletedAt: string;
}

/** Which events a purge takes out: those that came in with a write key, by collector time, ms. */
export interface PurgeQuery {
	/** Also one that no source has any more. */
	key: string;
	/** Inclusive. */
	since: number;
	/** Exclusive; left out: to now. */
	until?: number;
}

/** An event that was not accepted, kept with its reason so that it can be replayed after a fix. */
export interface DeadLetter {
	/** Null when the key was not recognised; such events are not kept. */
	source: string;
	receivedAt: number;
	messageId: string | null;
	/** Stable, such as `invalid_event`. */
	code: string;
	detail: string;
	/** The event's JSON text as it came, cut at the event size limit. */
	body: string;
}

export interface StoredDeadLetter extends DeadLetter {
	id: number;
}

/** A place events come from. */
export interface Source {
	/** A slug, such as `web`. */
	id: string;
	name: string;
	trust: Trust;
	/** Options the collector understands (origins, ip, rate limits, identity verification); opaque here. */
	options: JsonObject;
	/** Public by nature when trust is `client`; stored plain. */
	writeKeys: string[];
}

/** A secret key as stored: never the key, only its hash. */
export interface SecretKey {
	id: string;
	name: string;
	/** SHA-256 of the key, hex. */
	hash: string;
	scopes: string[];
	createdAt: number;
	lastUsedAt: number | null;
}

export interface GroupView {
	id: string;
	traits: JsonObject;
	memberCount: number;
	/** Profile ids of the members. */
	members: Page<{ id: string }>;
}

/** A request that its sender may repeat. */
export interface RepeatableRequest {
	/** A hash that stands for the sender and its `Idempotency-Key`. */
	hash: string;
	/** A hash of what is asked, so that the same key for something else is noticed. */
	request: string;
	/** ms. */
	at: number;
}

/** What is known of a request when it comes. */
export type RequestClaim =
	/** Nobody has asked this: whoever claimed it answers it, and then calls `answerRequest` or `releaseRequest`. */
	| { state: "new" }
	| { state: "running" }
	/** The key was used for another request. */
	| { state: "different" }
	| { state: "answered"; status: number; body: string };

/** What a store knows about itself. */
export interface Diagnostics {
	/**
	 * Identity decisions since it was opened: `fast` changed nothing or made one write, `window` the spans around one
	 * instant, `rebuilt` a region from its evidence. And the rows of evidence that were read for them.
	 */
	decisions: { fast: number; window: number; rebuilt: number; evidenceRead: number };
	/** Whether a commit is synced to disk before it is answered. */
	durable: boolean;
	/** When `backup` last wrote a copy, ms; null: never. */
	lastBackupAt: number | null;
}

/** Where a reader of the feed is: the last event and the last dead letter that it has had. */
export interface FeedPlace {
	seq: number;
	letter: number;
}

/** What an event did to identity. */
export interface IdentityDecision {
	/** Those of the event that identify, the leading one first: the event belongs to whom that one belongs to. */
	identifiers: Identifier[];
	/**
	 * What the event changed when it was committed. `claim`: the identifier went to the user `other`. `union`: it and
	 * `other` became one. `contest`: from now on it has more than one owner. `split`: it came apart. `share`: it identifies
	 * nobody from now on.
	 */
	changes: {
		kind: "claim" | "union" | "contest" | "split" | "share";
		identifier: Identifier;
		other: Identifier | null;
	}[];
	/**
	 * Links that the event asked for and did not get, as the rule stands now. Null: these people have too many events to
	 * say so in passing; `explainIdentity` does.
	 */
	refused: Pick<IdentityView["refused"][number], "identifier" | "from" | "reason">[] | null;
}

/** Each with the reader's place once it has had it. */
export type FeedItem =
	| { verdict: "accepted"; place: FeedPlace; profileId: string | null; event: EventView; identity: IdentityDecision }
	| { verdict: "rejected"; place: FeedPlace; letter: StoredDeadLetter };

/** Everything that was committed, in the order of the commits: each event once, each dead letter once. */
export interface Feed {
	/** The place after all that there is. */
	feedEnd(): Promise<FeedPlace>;
	/**
	 * What comes after a place. Rejects with `InvalidCursorError` for one that this store has not come to yet, as when it
	 * was restored from a backup.
	 *
	 * @param limit how many items at the most; fewer when they are large.
	 * @returns none: there is nothing yet.
	 */
	readFeed(after: FeedPlace, limit: number): Promise<FeedItem[]>;
}

/**
 * The storage port. One database is one workspace.
 *
 * `ingest` is one transaction: load facts, decide (the pure function of `identity`), apply. It resolves once the events
 * are committed and synced, and rejects with `StorageUnavailableError` when nothing of it was stored. There is no
 * `transaction(fn)`, because a driver may live in a worker thread. Reads see every commit that resolved before them.
 */
export interface Store extends Feed {
	/** How many calls of `ingest` are worth having under way at once: more than one where a commit need not wait for another. */
	readonly ingestsAtOnce: number;
	/**
	 * One result per event, in order. `letters` go into the dead letter store in the same transaction, where one with a
	 * messageId is kept once for each source and code, however often its event is sent.
	 */
	ingest(events: readonly AcceptedEvent[], letters?: readonly DeadLetter[]): Promise<IngestResult[]>;

	findProfile(ref: ProfileRef, at?: AsOf): Promise<Profile | null>;
	listProfiles(query: ProfileQuery): Promise<Page<Profile>>;
	/** The profiles that a filter holds for, by id. Rejects with `FilterTooCostlyError` when the time is over. */
	searchProfiles(search: ProfileSearch): Promise<Page<Profile>>;
	/** Why a filter holds for one profile, or does not; null when there is no such profile. `now` in ms. */
	explainFilter(ref: ProfileRef, filter: Filter, now: number): Promise<Explanation | null>;
	/** Null when there is no such profile. */
	listEvents(ref: ProfileRef, query: EventQuery): Promise<Page<EventView> | null>;
	explainIdentity(ref: ProfileRef, at?: AsOf): Promise<IdentityView | null>;
	traitHistory(
		ref: ProfileRef,
		key: string,
		query: { limit: number; cursor?: string } & AsOf,
	): Promise<Page<TraitWrite> | null>;
	findGroup(id: string, query: { limit: number; cursor?: string }): Promise<GroupView | null>;
	/** The `group` events that named a group and belong to somebody; null when no event has named it. */
	listGroupEvents(id: string, query: GroupEventQuery): Promise<Page<EventView> | null>;
	stats(): Promise<Stats>;

	/** Applies a correction and keeps it with its attribution. */
	correct(correction: Correction, attribution: Attribution): Promise<void>;
	/** Null when there is no such profile. With `dryRun` only counts. */
	deleteProfile(
		ref: ProfileRef,
		options: { suppress: boolean; dryRun: boolean },
		attribution: Attribution,
	): Promise<DeletionReceipt | null>;

	/**
	 * Takes out the events that came in with a write key as if they had never been sent, their group traits included; a
	 * retry of one still counts as a duplicate. One transaction: other writers wait meanwhile. With `dryRun` only counts.
	 */
	purge(query: PurgeQuery, options: { dryRun: boolean }, attribution: Attribution): Promise<{ events: number }>;

	listRejected(query: { limit: number; cursor?: string; code?: string }): Promise<Page<StoredDeadLetter>>;
	/** Takes letters out of the dead letter store, after they were replayed or by retention. */
	removeRejected(ids: readonly number[]): Promise<number>;
	/** Deletes the oldest until at most `maxCount` are left and none was received before `before`, ms. */
	trimRejected(limits: { maxCount: number; before: number }): Promise<number>;

	/**
	 * Claims a request for answering. What is older than `forgetBefore` is forgotten first, and a claim that was made
	 * before `abandonedBefore` and never answered counts as none: whoever made it is gone.
	 */
	claimRequest(
		request: RepeatableRequest,
		limits: { forgetBefore: number; abandonedBefore: number },
	): Promise<RequestClaim>;
	/**
	 * Keeps the answer of a claimed request. It goes with the person when a person it names is deleted, since it may hold
	 * their profile.
	 */
	answerRequest(hash: string, answer: { status: number; body: string }): Promise<void>;
	/** Gives a claim up: the request was not carried out. */
	releaseRequest(hash: string): Promise<void>;

	listSources(): Promise<Source[]>;
	/** Creates or replaces the source with this id. */
	putSource(source: Source): Promise<void>;
	listSecretKeys(): Promise<SecretKey[]>;
	putSecretKey(key: SecretKey): Promise<void>;
	removeSecretKey(id: string): Promise<boolean>;
	touchSecretKey(id: string, at: number): Promise<void>;

	/** Resolves when storage can take a write; rejects with `StorageUnavailableError` and the reason otherwise. */
	ready(): Promise<void>;
	/** Writes a consistent copy of the database to a new file while running (SQLite), and notes when. */
	backup(file: string): Promise<void>;
	/** How the store fares, for metrics and checks. */
	diagnostics(): Promise<Diagnostics>;
	close(): Promise<void>;
}

/** What a row of each dataset is. Whatever belongs to a profile names it by `profileId`, so that they join. */
export interface DatasetRows {
	profiles: Profile;
	/** In commit order. `profileId` is null for an event that identifies nobody. */
	events: EventView & { seq: number; profileId: string | null };
	/** Every identifier with the one profile that holds it now. */
	identifiers: Identifier & { profileId: string; firstSeen: string; lastSeen: string };
	/** Every write of every trait. A null `value` removed the key. */
	"trait-history": TraitWrite & { profileId: string | null; key: string };
}

export type Dataset = keyof DatasetRows;

export const datasets: readonly Dataset[] = ["profiles", "events", "identifiers", "trait-history"];

/** A workspace as of one commit, whatever is written meanwhile. To be closed, since it takes room on a disk. */
export interface Snapshot {
	/** How many rows a dataset has. */
	count(dataset: Dataset): Promise<number>;
	/** All rows of a dataset, page by page: a page is read when it is asked for, so memory does not grow with the rows. */
	pages<D extends Dataset>(dataset: D): AsyncIterable<DatasetRows[D][]>;
	close(): Promise<void>;
}

/** Storage cannot take this now: the disk is full, the file is read-only, a lock is held. Worth a retry later. */
export class StorageUnavailableError extends Error {
	override readonly name = "StorageUnavailableError";
}

/** The configured identity rules are not those that the stored profiles stand on. */
export class IdentityRulesChangedError extends Error {
	override readonly name = "IdentityRulesChangedError";
	constructor() {
		super(
			"The identity rules in the configuration differ from those the stored profiles were built with. " +
				"Run `selfsame rebuild` with the new configuration, or start with the old one.",
		);
	}
}

/** A cursor that was not made by this list with these filters. */
export class InvalidCursorError extends Error {
	override readonly name = "InvalidCursorError";
}

/** A search that took too long, or would. The message says what to do. */
export class FilterTooCostlyError extends Error {
	override readonly name = "FilterTooCostlyError";
}

export interface StoreOptions {
	/** The identity rules of the workspace. They are kept in the database; a different set needs `selfsame rebuild`. */
	identity: IdentityConfig;
}
