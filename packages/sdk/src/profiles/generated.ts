// Written from the collector's routes by `pnpm generate:client` in apps/collector. Not to be edited.

export type DeleteRequest = {
	reason?: string;
};

export type DeletionReceipt = {
	receiptId: string;
	erasedEvents: number;
	identifiers: number;
	/** ISO 8601 in UTC with milliseconds. */
	deletedAt: string;
};

export type ExplainRequest = {
	filter: Filter;
	/** The moment that `within` and `between` are counted back from. Left out: now. */
	now?: string;
};

/** A condition on profiles. */
export type Filter =
	| {
			all: Filter[];
	  }
	| {
			any: Filter[];
	  }
	| {
			not: Filter;
	  }
	| {
			/** Keys joined by dots; `\.` is a dot inside a key. */
			trait: string;
			eq: string | number | boolean | Json[] | { [key: string]: Json };
	  }
	| {
			/** Keys joined by dots; `\.` is a dot inside a key. */
			trait: string;
			ne: string | number | boolean | Json[] | { [key: string]: Json };
	  }
	| {
			/** Keys joined by dots; `\.` is a dot inside a key. */
			trait: string;
			in: (string | number | boolean | Json[] | { [key: string]: Json })[];
	  }
	| {
			/** Keys joined by dots; `\.` is a dot inside a key. */
			trait: string;
			exists: boolean;
	  }
	| {
			/** Keys joined by dots; `\.` is a dot inside a key. */
			trait: string;
			gt: number | string;
	  }
	| {
			/** Keys joined by dots; `\.` is a dot inside a key. */
			trait: string;
			gte: number | string;
	  }
	| {
			/** Keys joined by dots; `\.` is a dot inside a key. */
			trait: string;
			lt: number | string;
	  }
	| {
			/** Keys joined by dots; `\.` is a dot inside a key. */
			trait: string;
			lte: number | string;
	  }
	| {
			/** Keys joined by dots; `\.` is a dot inside a key. */
			trait: string;
			contains: string | number | boolean | Json[] | { [key: string]: Json };
	  }
	| {
			/** Keys joined by dots; `\.` is a dot inside a key. */
			trait: string;
			starts: string;
	  }
	| {
			did: string;
			where?: FilterPredicate;
			/** `90s`, `15m`, `4h`, `30d`, `2w`. */
			within?: string;
			/** `[older, newer)` ago: the first is the longer one. */
			between?: [string, string];
			count?:
				| {
						eq: number;
				  }
				| {
						ne: number;
				  }
				| {
						gt: number;
				  }
				| {
						gte: number;
				  }
				| {
						lt: number;
				  }
				| {
						lte: number;
				  };
	  }
	| {
			did: string;
			agg: "sum" | "avg" | "min" | "max" | "unique_count";
			/** Keys joined by dots; `\.` is a dot inside a key. */
			of: string;
			value:
				| {
						eq: number;
				  }
				| {
						ne: number;
				  }
				| {
						gt: number;
				  }
				| {
						gte: number;
				  }
				| {
						lt: number;
				  }
				| {
						lte: number;
				  };
			where?: FilterPredicate;
			/** `90s`, `15m`, `4h`, `30d`, `2w`. */
			within?: string;
			/** `[older, newer)` ago: the first is the longer one. */
			between?: [string, string];
	  }
	| {
			sequence: [
				{
					did: string;
					where?: FilterPredicate;
					/** `90s`, `15m`, `4h`, `30d`, `2w`. */
					within?: string;
				},
				...(
					| {
							did: string;
							where?: FilterPredicate;
							/** `90s`, `15m`, `4h`, `30d`, `2w`. */
							within?: string;
							/** Keys joined by dots; `\.` is a dot inside a key. */
							same?: string;
					  }
					| {
							not_did: string;
							where?: FilterPredicate;
							/** `90s`, `15m`, `4h`, `30d`, `2w`. */
							within?: string;
							/** Keys joined by dots; `\.` is a dot inside a key. */
							same?: string;
					  }
				)[],
			];
	  };

export type FilterExplanation = {
	matches: boolean;
	/** The moment that it was asked about. */
	now: string;
	because: FilterReason;
};

/** What an event's properties must be like. */
export type FilterPredicate =
	| {
			all: FilterPredicate[];
	  }
	| {
			any: FilterPredicate[];
	  }
	| {
			not: FilterPredicate;
	  }
	| {
			/** Keys joined by dots; `\.` is a dot inside a key. */
			prop: string;
			eq: string | number | boolean | Json[] | { [key: string]: Json };
	  }
	| {
			/** Keys joined by dots; `\.` is a dot inside a key. */
			prop: string;
			ne: string | number | boolean | Json[] | { [key: string]: Json };
	  }
	| {
			/** Keys joined by dots; `\.` is a dot inside a key. */
			prop: string;
			in: (string | number | boolean | Json[] | { [key: string]: Json })[];
	  }
	| {
			/** Keys joined by dots; `\.` is a dot inside a key. */
			prop: string;
			exists: boolean;
	  }
	| {
			/** Keys joined by dots; `\.` is a dot inside a key. */
			prop: string;
			gt: number | string;
	  }
	| {
			/** Keys joined by dots; `\.` is a dot inside a key. */
			prop: string;
			gte: number | string;
	  }
	| {
			/** Keys joined by dots; `\.` is a dot inside a key. */
			prop: string;
			lt: number | string;
	  }
	| {
			/** Keys joined by dots; `\.` is a dot inside a key. */
			prop: string;
			lte: number | string;
	  }
	| {
			/** Keys joined by dots; `\.` is a dot inside a key. */
			prop: string;
			contains: string | number | boolean | Json[] | { [key: string]: Json };
	  }
	| {
			/** Keys joined by dots; `\.` is a dot inside a key. */
			prop: string;
			starts: string;
	  };

export type FilterReason = {
	/** Where the condition stands, such as `filter.all[1].not`. */
	path: string;
	result: boolean;
	/** Of `all`, `any` and `not`: those inside. */
	conditions?: FilterReason[];
	trait?: string;
	/** Of a trait: what it was. */
	value?: unknown;
	/** Of a count or an aggregate: what was compared. */
	actual?: number;
	/** Which events decided: at most 20 of them. */
	events?: {
		/** The event's, unique in its source. */
		messageId: string;
		/** Where the event came from. */
		source: string;
		/** ISO 8601 in UTC with milliseconds. */
		timestamp: string;
		type: "track" | "identify" | "page" | "screen" | "group" | "alias";
		name?: string;
		/** Of a sequence: which step, from 0. */
		step?: number;
	}[];
};

export type Group = {
	id: string;
	traits: { [key: string]: unknown };
	memberCount: number;
	members: {
		data: {
			/** A profile's id. */
			id: string;
		}[];
		page: Page;
	};
};

export type Identifier = {
	/** `user_id`, `anonymous_id`, `email`, or a configured type. */
	type: string;
	value: string;
};

export type Identity = {
	identifiers: Identifier[];
	links: {
		a: Identifier;
		b: Identifier;
		/** The event's, unique in its source. */
		messageId: string;
		/** Where the event came from. */
		source: string;
		/** ISO 8601 in UTC with milliseconds. */
		timestamp: string;
		/** `event`: seen together. `alias`: joined by an alias. `merge`: by a person through the API. */
		kind: "event" | "alias" | "merge";
	}[];
	refused: {
		identifier: Identifier;
		/** What it was not linked to. */
		from: Identifier;
		/** `limit`: the profile holds as many of the type as it may. `moved`: a union would break a limit, so the identifier alone moved. `shared`: one of the two is seen with too many users. `crowded`: the user is seen with too many identifiers of the type. `unlinked`, `unmerged`: a correction stands against it. `untrusted`: a client source may not make this link. */
		reason: "limit" | "moved" | "shared" | "crowded" | "unlinked" | "unmerged" | "untrusted";
		/** The event's, unique in its source. */
		messageId: string;
		/** Where the event came from. */
		source: string;
		/** ISO 8601 in UTC with milliseconds. */
		timestamp: string;
	}[];
};

/** Any JSON value. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

export type LiveMessage =
	| {
			verdict: "accepted";
			seq: number;
			profileId: string | null;
			event: StoredEvent;
			identity: {
				/** Those of the event that identify, the leading one first. */
				identifiers: Identifier[];
				changes: {
					/** `claim`: the identifier went to the user `other`. `union`: it and `other` became one. `contest`: from now on it has more than one owner. `split`: it came apart. `share`: it identifies nobody from now on. */
					kind: "claim" | "union" | "contest" | "split" | "share";
					identifier: Identifier;
					other: Identifier | null;
				}[];
				/** Null: too much to say in passing; the profile's identity says it. */
				refused:
					| {
							identifier: Identifier;
							/** What it was not linked to. */
							from: Identifier;
							/** `limit`: the profile holds as many of the type as it may. `moved`: a union would break a limit, so the identifier alone moved. `shared`: one of the two is seen with too many users. `crowded`: the user is seen with too many identifiers of the type. `unlinked`, `unmerged`: a correction stands against it. `untrusted`: a client source may not make this link. */
							reason: "limit" | "moved" | "shared" | "crowded" | "unlinked" | "unmerged" | "untrusted";
					  }[]
					| null;
			};
	  }
	| {
			verdict: "rejected";
			id: number;
			source: string;
			/** ISO 8601 in UTC with milliseconds. */
			receivedAt: string;
			messageId: string | null;
			code: string;
			detail: string;
			/** The event's JSON text as it came, cut at the event size limit. */
			body: string;
	  };

export type LookupRequest = {
	identifiers: {
		type: string;
		value: string;
	}[];
};

export type Page = {
	/** The `cursor` of the next page; null: this is the last. */
	next: string | null;
	hasMore: boolean;
	limit: number;
};

export type Profile = {
	/** `pro_` and a uuid. An id returned once keeps resolving. */
	id: string;
	/** What the profile holds now, best type first. */
	identifiers: {
		/** `user_id`, `anonymous_id`, `email`, or a configured type. */
		type: string;
		value: string;
		/** ISO 8601 in UTC with milliseconds. */
		firstSeen: string;
		/** ISO 8601 in UTC with milliseconds. */
		lastSeen: string;
	}[];
	/** What it held earlier: from `from` (null: from its beginning) up to `to`. */
	pastIdentifiers: {
		/** `user_id`, `anonymous_id`, `email`, or a configured type. */
		type: string;
		value: string;
		from: string | null;
		/** ISO 8601 in UTC with milliseconds. */
		to: string;
	}[];
	traits: { [key: string]: unknown };
	groups: {
		id: string;
		traits: { [key: string]: unknown };
	}[];
	eventCount: number;
	firstSeen: string | null;
	lastSeen: string | null;
};

export type ProfilePart = {
	/** `pro_` and a uuid. An id returned once keeps resolving. */
	id: string;
	/** What the profile holds now, best type first. */
	identifiers?: {
		/** `user_id`, `anonymous_id`, `email`, or a configured type. */
		type: string;
		value: string;
		/** ISO 8601 in UTC with milliseconds. */
		firstSeen: string;
		/** ISO 8601 in UTC with milliseconds. */
		lastSeen: string;
	}[];
	/** What it held earlier: from `from` (null: from its beginning) up to `to`. */
	pastIdentifiers?: {
		/** `user_id`, `anonymous_id`, `email`, or a configured type. */
		type: string;
		value: string;
		from: string | null;
		/** ISO 8601 in UTC with milliseconds. */
		to: string;
	}[];
	traits?: { [key: string]: unknown };
	groups?: {
		id: string;
		traits: { [key: string]: unknown };
	}[];
	eventCount?: number;
	firstSeen?: string | null;
	lastSeen?: string | null;
};

export type RejectedEvent = {
	id: number;
	source: string;
	/** ISO 8601 in UTC with milliseconds. */
	receivedAt: string;
	messageId: string | null;
	code: string;
	detail: string;
	/** The event's JSON text as it came, cut at the event size limit. */
	body: string;
};

export type ReplayAnswer = {
	accepted: number;
	duplicates: number;
	dropped: number;
	remaining: {
		id: number;
		code: string;
		detail: string;
	}[];
};

export type ReplayRequest = {
	ids?: number[];
	code?: string;
};

export type SearchRequest = {
	filter: Filter;
	limit?: number;
	/** `page.next` of the answer before, with the same filter: its pages are all as of one moment. */
	cursor?: string | null;
	/** The moment that `within` and `between` are counted back from. Left out: now. */
	now?: string;
};

export type Stats = {
	events: number;
	profiles: number;
	duplicates: number;
	rejected: number;
	unattributed: number;
	suppressed: number;
	erased: number;
};

export type StoredEvent = {
	type: "track" | "identify" | "page" | "screen" | "group" | "alias";
	/** `track` only: its name. */
	event?: string;
	/** `page` and `screen`. */
	name?: string;
	/** The event's, unique in its source. */
	messageId: string;
	/** Where the event came from. */
	source: string;
	/** When it happened: corrected for clock skew. */
	timestamp: string;
	/** ISO 8601 in UTC with milliseconds. */
	receivedAt: string;
	userId?: string;
	anonymousId?: string;
	previousId?: string;
	groupId?: string;
	/** A `userId` that needed proof and had none. */
	claimedUserId?: string;
	properties?: { [key: string]: unknown };
	traits?: { [key: string]: unknown };
	context: { [key: string]: unknown };
	[other: string]: unknown;
};

export type TraitWrite = {
	/** Any JSON value. */
	value: unknown;
	/** ISO 8601 in UTC with milliseconds. */
	timestamp: string;
	/** The event's, unique in its source. */
	messageId: string;
	/** Where the event came from. */
	source: string;
	/** Whether it is the one that the profile shows (a null shows as no trait). */
	won: boolean;
};

export type UnlinkRequest = {
	identifier: {
		type: string;
		value: string;
	};
	from: {
		type: string;
		value: string;
	};
	reason: string;
};

export type UserCorrection = {
	userId: string;
	reason: string;
};

/** What each call takes and answers with. */
export interface Operations {
	/** List profiles */
	listProfiles: {
		query: {
			/** How many to answer with at most. */
			limit?: number;
			/** Where to go on: `page.next` of the answer before, with the same filters. */
			cursor?: string;
			/** Only profiles that hold an identifier of this type. */
			identifierType?: string;
			/** Only profiles with an event at or after this instant. ISO 8601, or ms since 1970. */
			seenAfter?: string;
		};
		answer: {
			data: Profile[];
			page: Page;
		};
	};
	/** Find up to 100 profiles by their identifiers */
	lookupProfiles: {
		body: LookupRequest;
		answer: {
			data: (Profile | null)[];
		};
	};
	/** One profile */
	getProfile: {
		params: { ref: string };
		query: {
			/** Answers as of this instant, instead of now. ISO 8601, or ms since 1970. */
			asOf?: string;
			/** Only these parts, besides `id`. With commas between: `id`, `identifiers`, `pastIdentifiers`, `traits`, `groups`, `eventCount`, `firstSeen`, `lastSeen`. */
			include?: string;
		};
		answer: Profile | ProfilePart;
	};
	/** Delete a person */
	deleteProfile: {
		params: { ref: string };
		query: {
			/** Drops later events of these identifiers as well. */
			suppress?: boolean;
			/** Only counts. */
			dryRun?: boolean;
		};
		body: DeleteRequest;
		answer: DeletionReceipt;
	};
	/** The events of a profile */
	listProfileEvents: {
		params: { ref: string };
		query: {
			/** How many to answer with at most. */
			limit?: number;
			/** Where to go on: `page.next` of the answer before, with the same filters. */
			cursor?: string;
			/** Answers as of this instant, instead of now. ISO 8601, or ms since 1970. */
			asOf?: string;
			/** `desc`, newest first, or `asc`. */
			order?: "asc" | "desc";
			/** Only events of this type. */
			type?: "track" | "identify" | "page" | "screen" | "group" | "alias";
			/** Only events of this name: that of a track event, a page or a screen. */
			name?: string;
			/** Only events at or after this instant. ISO 8601, or ms since 1970. */
			from?: string;
			/** Only events before this instant. ISO 8601, or ms since 1970. */
			to?: string;
		};
		answer: {
			data: StoredEvent[];
			page: Page;
		};
	};
	/** Why the identifiers of a profile are one person */
	explainIdentity: {
		params: { ref: string };
		query: {
			/** Answers as of this instant, instead of now. ISO 8601, or ms since 1970. */
			asOf?: string;
		};
		answer: Identity;
	};
	/** Every write of a trait */
	getTraitHistory: {
		params: { ref: string; key: string };
		query: {
			/** How many to answer with at most. */
			limit?: number;
			/** Where to go on: `page.next` of the answer before, with the same filters. */
			cursor?: string;
			/** Answers as of this instant, instead of now. ISO 8601, or ms since 1970. */
			asOf?: string;
		};
		answer: {
			data: TraitWrite[];
			page: Page;
		};
	};
	/** Find profiles by their traits and by what they did */
	searchProfiles: {
		body: SearchRequest;
		answer: {
			data: Profile[];
			page: Page;
		};
	};
	/** Why a filter holds for a profile, or does not */
	explainFilter: {
		params: { ref: string };
		body: ExplainRequest;
		answer: FilterExplanation;
	};
	/** A group's traits and members */
	getGroup: {
		params: { id: string };
		query: {
			/** How many to answer with at most. */
			limit?: number;
			/** Where to go on: `page.next` of the answer before, with the same filters. */
			cursor?: string;
		};
		answer: Group;
	};
	/** How many events and profiles there are */
	getStats: {
		answer: Stats;
	};
	/** Join another user to the profile */
	mergeProfile: {
		params: { ref: string };
		body: UserCorrection;
		answer: Profile;
	};
	/** Take a user out of the profile */
	unmergeProfile: {
		params: { ref: string };
		body: UserCorrection;
		answer: Profile;
	};
	/** Take an identifier off another */
	unlinkIdentifier: {
		params: { ref: string };
		body: UnlinkRequest;
		answer: Profile;
	};
	/** Events that were not accepted, newest first */
	listRejected: {
		query: {
			/** How many to answer with at most. */
			limit?: number;
			/** Where to go on: `page.next` of the answer before, with the same filters. */
			cursor?: string;
			/** Only those rejected for this reason, such as `invalid_event`. */
			code?: string;
		};
		answer: {
			data: RejectedEvent[];
			page: Page;
		};
	};
	/** Give rejected events another chance */
	replayRejected: {
		body: ReplayRequest;
		answer: ReplayAnswer;
	};
	/** Export all profiles */
	exportProfiles: {
		query: {
			/** `ndjson` (one JSON object a line), `csv` or `parquet`. */
			format?: "ndjson" | "csv" | "parquet";
		};
		answer: ReadableStream<Uint8Array<ArrayBuffer>>;
	};
	/** Export all events */
	exportEvents: {
		query: {
			/** `ndjson` (one JSON object a line), `csv` or `parquet`. */
			format?: "ndjson" | "csv" | "parquet";
		};
		answer: ReadableStream<Uint8Array<ArrayBuffer>>;
	};
	/** Export all identifiers */
	exportIdentifiers: {
		query: {
			/** `ndjson` (one JSON object a line), `csv` or `parquet`. */
			format?: "ndjson" | "csv" | "parquet";
		};
		answer: ReadableStream<Uint8Array<ArrayBuffer>>;
	};
	/** Export the history of traits */
	exportTraitHistory: {
		query: {
			/** `ndjson` (one JSON object a line), `csv` or `parquet`. */
			format?: "ndjson" | "csv" | "parquet";
		};
		answer: ReadableStream<Uint8Array<ArrayBuffer>>;
	};
	/** Follow events as they come in */
	streamEvents: {
		query: {
			/** Only events with this verdict. */
			verdict?: "accepted" | "rejected";
			/** Only events of this source. */
			source?: string;
			/** Only accepted events of this type. */
			type?: "track" | "identify" | "page" | "screen" | "group" | "alias";
			/** Only accepted events of this name: that of a track event, a page or a screen. */
			name?: string;
			/** Only accepted events of this profile: its id, or `type:value` of one of its identifiers. */
			profile?: string;
			/** The same as the header `Last-Event-ID`, which wins. */
			lastEventId?: string;
		};
		answer: ReadableStream<Uint8Array<ArrayBuffer>>;
	};
}

/** The method and the path of each call. */
export const operations = {
	listProfiles: ["GET", "/v1/profiles"],
	lookupProfiles: ["POST", "/v1/profiles/lookup"],
	getProfile: ["GET", "/v1/profiles/{ref}"],
	deleteProfile: ["DELETE", "/v1/profiles/{ref}"],
	listProfileEvents: ["GET", "/v1/profiles/{ref}/events"],
	explainIdentity: ["GET", "/v1/profiles/{ref}/identity"],
	getTraitHistory: ["GET", "/v1/profiles/{ref}/traits/{key}/history"],
	searchProfiles: ["POST", "/v1/profiles/search"],
	explainFilter: ["POST", "/v1/profiles/{ref}/explain"],
	getGroup: ["GET", "/v1/groups/{id}"],
	getStats: ["GET", "/v1/stats"],
	mergeProfile: ["POST", "/v1/profiles/{ref}/merge"],
	unmergeProfile: ["POST", "/v1/profiles/{ref}/unmerge"],
	unlinkIdentifier: ["POST", "/v1/profiles/{ref}/unlink"],
	listRejected: ["GET", "/v1/rejected"],
	replayRejected: ["POST", "/v1/rejected/replay"],
	exportProfiles: ["GET", "/v1/export/profiles"],
	exportEvents: ["GET", "/v1/export/events"],
	exportIdentifiers: ["GET", "/v1/export/identifiers"],
	exportTraitHistory: ["GET", "/v1/export/trait-history"],
	streamEvents: ["GET", "/v1/events/stream"],
} as const satisfies Record<keyof Operations, readonly [method: string, path: string]>;
