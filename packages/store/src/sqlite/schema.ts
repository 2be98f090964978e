import { sql } from "drizzle-orm";
import { blob, index, integer, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";

/**
 * The tables of a workspace. Three kinds:
 *
 * - evidence, which is only ever added to (deletion apart): `events`, `event_identifiers`, `trait_writes`,
 *   `memberships`, `group_writes`, `aliases`, `corrections`. Events point at identifiers, never at profiles.
 * - what evidence comes to, kept up to date with every commit and rebuilt by `selfsame rebuild`: the identity columns
 *   of `identifiers`, `spans`, `adjacent_users`, `limited_users`,
 *   `counting_evidence`.
 * - the rest: payloads, dead letters, sources and keys, counters, tombstones, the change log.
 */

export const sources = sqliteTable("sources", {
	id: text("id").primaryKey(),
	name: text("name").notNull(),
	trust: text("trust").notNull(),
	options: text("options").notNull(),
});

/** A key that is taken away keeps its row, without a source: events that came in with it still name it. */
export const writeKeys = sqliteTable("write_keys", {
	id: integer("id").primaryKey({ autoIncrement: true }),
	key: text("key").notNull().unique(),
	source: text("source"),
});

export const secretKeys = sqliteTable("secret_keys", {
	id: text("id").primaryKey(),
	name: text("name").notNull(),
	hash: text("hash").notNull(),
	scopes: text("scopes").notNull(),
	createdAt: integer("created_at").notNull(),
	lastUsedAt: integer("last_used_at"),
});

/**
 * Everybody's names. `key` is the uuid (version 5) of type and value: the profile id that begins with this identifier,
 * and the only index by value. After a deletion the row stays without its value, its key replaced by a keyed hash, and
 * events dated `died_at` or later use a fresh row.
 */
export const identifiers = sqliteTable(
	"identifiers",
	{
		id: integer("id").primaryKey(),
		key: blob("key").notNull(),
		type: text("type").notNull(),
		value: text("value"),
		/** Bits: 1 seen in its own field, 2 leads events, 4 named by a correction, 8 an alias's `previousId`, others see `flag`. */
		flags: integer("flags").notNull(),
		diedAt: integer("died_at"),
		/** Its region, or a user's alias group, named by a member. The columns below count on that member's row. */
		root: integer("root").notNull(),
		state: integer("state").notNull().default(0),
		owner: integer("owner"),
		size: integer("size").notNull().default(1),
		/** How many identifiers of each limited type the region has, as JSON; null where none. */
		limited: text("limited"),
		/** When the latest evidence about any member of a region whose order counts is dated, where that is known. */
		latest: integer("latest"),
		/** Of a user: how many identifiers of each type with a limit it was seen with, as JSON. */
		seenWith: text("seen_with"),
		/** How the profile ends that stands under this identifier, as JSON, where a limit is in reach of it. */
		tail: text("tail"),
	},
	(t) => [
		index("identifiers_key").on(t.key),
		index("identifiers_members").on(t.root).where(sql`root <> id`),
		index("identifiers_owner").on(t.owner).where(sql`owner IS NOT NULL`),
		index("identifiers_owner_limited").on(t.owner).where(sql`limited IS NOT NULL`),
	],
);

/** The permanent core of an event. `seq` is in commit order. */
export const events = sqliteTable(
	"events",
	{
		seq: integer("seq").primaryKey(),
		source: text("source").notNull(),
		messageId: text("message_id").notNull(),
		type: integer("type").notNull(),
		/** Whether its user was believed when it came: 1 a server's, 2 proven, 3 not proven; 0 a client's before that was kept. */
		trusted: integer("trusted").notNull(),
		ts: integer("ts").notNull(),
		receivedAt: integer("received_at").notNull(),
		/** The identifier that leads; null: unattributed. */
		lead: integer("lead"),
		/** Its anonymous id, where that does not lead. */
		anonymous: integer("anonymous"),
		/** The name of a track event, a page or a screen. */
		name: text("name"),
		/** What was claimed beyond a plain user and anonymous id, as JSON. */
		claims: text("claims"),
		/** The write key it came in with; null: not known. */
		writeKey: integer("write_key"),
	},
	(t) => [index("events_lead").on(t.lead, t.ts)],
);

/** Messages acknowledged so far, by key: that no two events are one message is ensured here. See `createMessages`. */
export const messages = sqliteTable("messages", { key: text("key").primaryKey() });

/** What retention may drop: properties, context and the rest, as JSON text. */
export const eventPayloads = sqliteTable("event_payloads", {
	seq: integer("seq").primaryKey(),
	body: text("body").notNull(),
	/** Traits as they came, to show them with their event; who they belong to is told by `trait_writes`. */
	traits: text("traits"),
});

/** Evidence: an identifier in an event that another one led. */
export const eventIdentifiers = sqliteTable(
	"event_identifiers",
	{
		identifier: integer("identifier").notNull(),
		ts: integer("ts").notNull(),
		seq: integer("seq").notNull(),
		lead: integer("lead").notNull(),
		/** 0: a user led. 1: a user led, and this came as an alias's `previousId`. 2: another identifier led. */
		kind: integer("kind").notNull(),
	},
	(t) => [
		primaryKey({ columns: [t.identifier, t.ts, t.seq] }),
		index("event_identifiers_joint").on(t.lead).where(sql`kind = 2`),
	],
);

/**
 * Evidence that counts, of identifiers that a correction is about: `event_identifiers` holds what it took away too, so that
 * what stands beside an instant is looked up here for them.
 */
export const countingEvidence = sqliteTable(
	"counting_evidence",
	{
		identifier: integer("identifier").notNull(),
		ts: integer("ts").notNull(),
		seq: integer("seq").notNull(),
		lead: integer("lead").notNull(),
		kind: integer("kind").notNull(),
	},
	(t) => [primaryKey({ columns: [t.identifier, t.ts, t.seq] })],
);

export const aliases = sqliteTable(
	"aliases",
	{
		/** The event's; negative for a merge made through the API, which is no event. */
		seq: integer("seq").primaryKey(),
		ts: integer("ts").notNull(),
		messageId: text("message_id").notNull(),
		source: text("source").notNull(),
		user: integer("user").notNull(),
		previousUser: integer("previous_user").notNull(),
		previousAnonymous: integer("previous_anonymous").notNull(),
		/** How `previousId` reads at present: 0 as a user, 1 as an anonymous id. */
		reading: integer("reading").notNull(),
		trusted: integer("trusted").notNull(),
	},
	(t) => [
		index("aliases_user").on(t.user),
		index("aliases_previous_user").on(t.previousUser),
		index("aliases_previous_anonymous").on(t.previousAnonymous),
	],
);

/** Who owns an identifier of a contested region from a position on. The first begins at the smallest integer. */
export const spans = sqliteTable(
	"spans",
	{
		identifier: integer("identifier").notNull(),
		fromTs: integer("from_ts").notNull(),
		fromMessage: text("from_message").notNull(),
		fromSource: text("from_source").notNull(),
		owner: integer("owner").notNull(),
	},
	(t) => [
		primaryKey({ columns: [t.identifier, t.fromTs, t.fromMessage, t.fromSource] }),
		index("spans_owner").on(t.owner),
	],
);

/**
 * Users seen with an identifier in one event, each in its own field. Exact where its region is contested, and for types
 * with a limit.
 */
export const adjacentUsers = sqliteTable(
	"adjacent_users",
	{
		identifier: integer("identifier").notNull(),
		user: integer("user").notNull(),
		/** 1; 2 where the user is crowded for the identifier's type. A 0 is what an older version noted of users that an alias alone had linked; it is not read. */
		direct: integer("direct").notNull(),
	},
	(t) => [primaryKey({ columns: [t.identifier, t.user] }), index("adjacent_users_user").on(t.user)],
);

/** Users that contested regions with limited identifiers may bring nearer to a limit, by the region's root. */
export const limitedUsers = sqliteTable(
	"limited_users",
	{ user: integer("user").notNull(), root: integer("root").notNull() },
	(t) => [primaryKey({ columns: [t.user, t.root] }), index("limited_users_root").on(t.root)],
);

export const traitWrites = sqliteTable(
	"trait_writes",
	{
		lead: integer("lead").notNull(),
		key: text("key").notNull(),
		ts: integer("ts").notNull(),
		seq: integer("seq").notNull(),
		value: text("value").notNull(),
	},
	(t) => [primaryKey({ columns: [t.lead, t.key, t.ts, t.seq] })],
);

/** Group traits outlive the events and people that wrote them, so they carry their own position. */
export const groupWrites = sqliteTable(
	"group_writes",
	{
		group: text("group_id").notNull(),
		key: text("key").notNull(),
		ts: integer("ts").notNull(),
		messageId: text("message_id").notNull(),
		source: text("source").notNull(),
		value: text("value").notNull(),
	},
	(t) => [primaryKey({ columns: [t.group, t.key, t.ts, t.messageId, t.source] })],
);

export const memberships = sqliteTable(
	"memberships",
	{
		group: text("group_id").notNull(),
		lead: integer("lead").notNull(),
		ts: integer("ts").notNull(),
		seq: integer("seq").notNull(),
	},
	(t) => [primaryKey({ columns: [t.group, t.lead, t.ts, t.seq] }), index("memberships_lead").on(t.lead, t.ts)],
);

/** Merges, unmerges and unlinks, each with who made it and why. */
export const corrections = sqliteTable(
	"corrections",
	{
		id: integer("id").primaryKey(),
		kind: text("kind").notNull(),
		at: integer("at").notNull(),
		a: integer("a").notNull(),
		b: integer("b"),
		/** ms; evidence dated before it is undone. Null, as of older versions: `at`. */
		before: integer("before"),
		actor: text("actor").notNull(),
		reason: text("reason").notNull(),
	},
	(t) => [index("corrections_a").on(t.a), index("corrections_b").on(t.b)],
);

export const deletions = sqliteTable("deletions", {
	receipt: text("receipt").primaryKey(),
	at: integer("at").notNull(),
	suppress: integer("suppress").notNull(),
	erasedEvents: integer("erased_events").notNull(),
	identifiers: integer("identifiers").notNull(),
	actor: text("actor").notNull(),
	reason: text("reason").notNull(),
});

/** What deleted people owned, by keyed hash: an event inside, dated before the deletion, is dropped when it comes late. */
export const tombstones = sqliteTable(
	"tombstones",
	{
		hash: blob("hash").notNull(),
		fromTs: integer("from_ts").notNull(),
		fromMessage: text("from_message").notNull(),
		fromSource: text("from_source").notNull(),
		toTs: integer("to_ts").notNull(),
		toMessage: text("to_message").notNull(),
		toSource: text("to_source").notNull(),
		at: integer("at").notNull(),
	},
	(t) => [index("tombstones_hash").on(t.hash)],
);

export const suppressed = sqliteTable("suppressed", {
	hash: blob("hash").primaryKey(),
	at: integer("at").notNull(),
});

/** Messages acknowledged and no longer stored, by keyed hash, so that a retry of one still counts as a duplicate. */
export const goneMessages = sqliteTable("gone_messages", { hash: blob("hash").primaryKey() });

/** Every identity change, in commit order. */
export const changes = sqliteTable(
	"changes",
	{
		id: integer("id").primaryKey({ autoIncrement: true }),
		at: integer("at").notNull(),
		kind: text("kind").notNull(),
		identifier: integer("identifier"),
		other: integer("other"),
		/** The event that made it. */
		seq: integer("seq"),
	},
	(t) => [index("changes_seq").on(t.seq).where(sql`seq IS NOT NULL`)],
);

export const deadLetters = sqliteTable(
	"dead_letters",
	{
		id: integer("id").primaryKey({ autoIncrement: true }),
		source: text("source").notNull(),
		receivedAt: integer("received_at").notNull(),
		messageId: text("message_id"),
		code: text("code").notNull(),
		detail: text("detail").notNull(),
		body: text("body").notNull(),
	},
	(t) => [
		index("dead_letters_received").on(t.receivedAt),
		uniqueIndex("dead_letters_message").on(t.source, t.messageId, t.code),
	],
);

/** Requests that were sent with an `Idempotency-Key`, for as long as a repetition is recognised. */
export const idempotentRequests = sqliteTable(
	"idempotent_requests",
	{
		/** Hash of the secret key's id and the request's own key. */
		hash: text("hash").primaryKey(),
		/** Hash of what was asked. */
		request: text("request").notNull(),
		at: integer("at").notNull(),
		/** Null while it is being answered. */
		status: integer("status"),
		body: text("body"),
	},
	(t) => [index("idempotent_requests_at").on(t.at)],
);

export const counters = sqliteTable("counters", {
	name: text("name").primaryKey(),
	value: integer("value").notNull(),
});

/** What the workspace is: its identity rules, the secret of its keyed hashes. */
export const meta = sqliteTable("meta", {
	name: text("name").primaryKey(),
	value: text("value").notNull(),
});
