import { type CallOptions, type CallParts, type ConnectionOptions, createConnection } from "./createConnection.ts";
import { createListing, type Listing, type PageOf } from "./createListing.ts";
import { follow } from "./follow.ts";
import type {
	DeletionReceipt,
	Filter,
	FilterExplanation,
	Group,
	Identifier,
	Identity,
	LiveMessage,
	Operations,
	Profile,
	RejectedEvent,
	ReplayAnswer,
	Stats,
	StoredEvent,
	TraitWrite,
	UnlinkRequest,
} from "./generated.ts";
import { ProfilesError } from "./profilesError.ts";

/** An instant: a Date, ISO 8601, or ms since 1970. */
export type Instant = Date | string | number;

type Query<K extends keyof Operations> = Operations[K] extends { query: infer Q } ? Q : never;
/** The filters of a list; instants may be given as any of their kinds. */
type Filters<K extends keyof Operations> = {
	[N in Exclude<keyof Query<K>, "cursor">]?: N extends "asOf" | "from" | "to" | "seenAfter" ? Instant : Query<K>[N];
} & CallOptions;

export interface AsOf extends CallOptions {
	/** Left out: now. */
	asOf?: Instant;
}

export interface SearchOptions extends CallOptions {
	/** How many profiles a page holds: 1 to 1,000, default 50. */
	limit?: number;
	/** The moment that `within` and `between` are counted back from. Left out: now. */
	now?: Instant;
}

/** For writes: the same key and the same request again change nothing. Default: a new one for each call. */
export interface WriteOptions extends CallOptions {
	idempotencyKey?: string;
}

/** A message of the live stream: an event with its verdict and its identity decision, or one that was rejected. */
export interface StreamMessage {
	/** Give it as `lastEventId` to go on after this one. */
	id: string;
	message: LiveMessage;
}

/** `ndjson` (one JSON object a line), `csv` or `parquet`. */
export type ExportFormat = NonNullable<Query<"exportProfiles">["format"]>;
export type Dataset = "profiles" | "events" | "identifiers" | "trait-history";

/** Reads and corrects profiles. All of it rejects with `ProfilesError`. */
export interface Profiles {
	/** One profile, by id or `type:value`. Rejects with the code `not_found` when there is none. */
	get(ref: string, options?: AsOf): Promise<Profile>;
	/** Only some of its parts, besides `id`. */
	get<K extends keyof Profile>(
		ref: string,
		options: AsOf & { include: readonly K[] },
	): Promise<Pick<Profile, K | "id">>;
	/** The same; null when there is none. */
	find(ref: string, options?: AsOf): Promise<Profile | null>;
	/** Any number of profiles by their identifiers, in their order; null where there is none. */
	lookup(identifiers: readonly Identifier[], options?: CallOptions): Promise<(Profile | null)[]>;
	list(filters?: Filters<"listProfiles">): Listing<Profile>;
	/** Those that a filter holds for: conditions on their traits and on what they did. */
	search(filter: Filter, options?: SearchOptions): Listing<Profile>;
	/** Whether a filter holds for a profile, condition by condition, and which events decided it. */
	explain(ref: string, filter: Filter, options?: Omit<SearchOptions, "limit">): Promise<FilterExplanation>;
	/** Newest first, unless `order` says otherwise. */
	events(ref: string, filters?: Filters<"listProfileEvents">): Listing<StoredEvent>;
	/** Why its identifiers are one person. */
	identity(ref: string, options?: AsOf): Promise<Identity>;
	/** Every write of a trait, newest first. */
	traitHistory(ref: string, key: string, filters?: Filters<"getTraitHistory">): Listing<TraitWrite>;
	/** A group with the first page of its members. */
	group(id: string, options?: CallOptions): Promise<Group>;
	/** The profile ids of a group's members. */
	members(id: string, filters?: Filters<"getGroup">): Listing<{ id: string }>;

	/** Joins another user to the profile. Corrections take the scope `admin`. */
	merge(ref: string, correction: { userId: string; reason: string }, options?: WriteOptions): Promise<Profile>;
	/** Takes a user out of the profile. */
	unmerge(ref: string, correction: { userId: string; reason: string }, options?: WriteOptions): Promise<Profile>;
	/** Takes an identifier off another. */
	unlink(ref: string, correction: UnlinkRequest, options?: WriteOptions): Promise<Profile>;
	/** Deletes a person. `suppress` drops what comes later too; `dryRun` only counts. */
	delete(
		ref: string,
		options?: WriteOptions & { suppress?: boolean; dryRun?: boolean; reason?: string },
	): Promise<DeletionReceipt>;

	/** Events that were not accepted, newest first. */
	rejected(filters?: Filters<"listRejected">): Listing<RejectedEvent>;
	/** Gives rejected events another chance: these, those of a code, or all. */
	replayRejected(which?: { ids?: number[]; code?: string }, options?: WriteOptions): Promise<ReplayAnswer>;
	stats(options?: CallOptions): Promise<Stats>;
	/**
	 * Events as they come in, each with its verdict and what it did to identity. Begins now, or after `lastEventId` (`0.0`:
	 * at the very first), goes on by itself after a cut, and ends with `signal` or when the loop is left.
	 */
	stream(filters?: Filters<"streamEvents">): AsyncIterable<StreamMessage>;
	/** A whole dataset as a file that streams. */
	export(
		dataset: Dataset,
		options?: CallOptions & { format?: ExportFormat },
	): Promise<ReadableStream<Uint8Array<ArrayBuffer>>>;
}

const exportOf = {
	profiles: "exportProfiles",
	events: "exportEvents",
	identifiers: "exportIdentifiers",
	"trait-history": "exportTraitHistory",
} as const satisfies Record<Dataset, keyof Operations>;

/** Identifiers that one lookup takes. */
const LOOKUP = 100;

/** A client of the profile API, for backends and notebooks: `const p = await profiles.get("user_id:u1")`. */
export function createProfiles(options: ConnectionOptions): Profiles {
	const { call, open } = createConnection(options);

	/** A list whose pages one operation gives. */
	const listing = <T>(
		operation: keyof Operations,
		params: Record<string, string>,
		{ signal, ...query }: CallOptions & object = {},
		pageOf: (answer: unknown) => PageOf<T> = (answer) => answer as PageOf<T>,
	): Listing<T> =>
		createListing(async (cursor) => {
			const asked = { ...query, ...(cursor === null ? {} : { cursor }) } as NonNullable<CallParts["query"]>;
			return pageOf(await call(operation, { params, query: asked, ...withSignal(signal) }));
		});

	const write = <K extends "mergeProfile" | "unmergeProfile" | "unlinkIdentifier" | "deleteProfile" | "replayRejected">(
		operation: K,
		{ idempotencyKey = crypto.randomUUID(), signal }: WriteOptions,
		parts: CallParts,
	) => call(operation, { ...parts, headers: { "idempotency-key": idempotencyKey }, ...withSignal(signal) });

	const get = async (ref: string, { signal, ...query }: AsOf & { include?: readonly string[] } = {}) =>
		(await call("getProfile", { params: { ref }, query, ...withSignal(signal) })) as Profile;

	return {
		get,
		find: (ref, options) =>
			get(ref, options).catch((error: unknown) => {
				if (error instanceof ProfilesError && error.status === 404) return null;
				throw error;
			}),
		async lookup(identifiers, { signal } = {}) {
			const found: (Profile | null)[] = [];
			for (let at = 0; at < identifiers.length; at += LOOKUP) {
				const body = { identifiers: identifiers.slice(at, at + LOOKUP) };
				found.push(...(await call("lookupProfiles", { body, ...withSignal(signal) })).data);
			}
			return found;
		},
		list: (filters) => listing("listProfiles", {}, filters),
		search: (filter, { signal, limit, now } = {}) =>
			createListing((cursor) => {
				const body = { filter, ...at(now), ...(limit === undefined ? {} : { limit }), cursor };
				return call("searchProfiles", { body, ...withSignal(signal) });
			}),
		explain: (ref, filter, { signal, now } = {}) =>
			call("explainFilter", { params: { ref }, body: { filter, ...at(now) }, ...withSignal(signal) }),
		events: (ref, filters) => listing("listProfileEvents", { ref }, filters),
		identity: (ref, { signal, ...query } = {}) =>
			call("explainIdentity", { params: { ref }, query, ...withSignal(signal) }),
		traitHistory: (ref, key, filters) => listing("getTraitHistory", { ref, key }, filters),
		group: (id, { signal } = {}) => call("getGroup", { params: { id }, ...withSignal(signal) }),
		members: (id, filters) => listing("getGroup", { id }, filters, (answer) => (answer as Group).members),

		merge: (ref, body, options = {}) => write("mergeProfile", options, { params: { ref }, body }),
		unmerge: (ref, body, options = {}) => write("unmergeProfile", options, { params: { ref }, body }),
		unlink: (ref, body, options = {}) => write("unlinkIdentifier", options, { params: { ref }, body }),
		delete: (ref, { suppress, dryRun, reason, ...options } = {}) =>
			write("deleteProfile", options, {
				params: { ref },
				query: { suppress, dryRun },
				body: reason === undefined ? {} : { reason },
			}),

		rejected: (filters) => listing("listRejected", {}, filters),
		replayRejected: (body = {}, options = {}) => write("replayRejected", options, { body }),
		stats: ({ signal } = {}) => call("getStats", withSignal(signal)),
		async *stream({ lastEventId, signal, ...query } = {}) {
			const connect = (id: string | null) =>
				open("streamEvents", {
					query,
					...(id === null ? {} : { headers: { "last-event-id": id } }),
					...withSignal(signal),
				});
			const place = { ...(lastEventId === undefined ? {} : { lastEventId }), ...withSignal(signal) };
			for await (const { id, data } of follow(connect, place)) yield { id, message: JSON.parse(data) as LiveMessage };
		},
		async export(dataset, { format, signal } = {}) {
			const { body } = await open(exportOf[dataset], { query: { format }, ...withSignal(signal) });
			return body as ReadableStream<Uint8Array<ArrayBuffer>>;
		},
	};
}

function at(now: Instant | undefined): { now?: string } {
	return now === undefined ? {} : { now: new Date(now).toISOString() };
}

function withSignal(signal: AbortSignal | undefined): CallOptions {
	return signal ? { signal } : {};
}
