import { sql } from "drizzle-orm";
import { bigint, customType, index, integer, pgSequence, pgTable, primaryKey, uniqueIndex } from "drizzle-orm/pg-core";

/**
 * The tables of a workspace, with the names and columns that SQLite's have: what they are for is told there
 * (`../sqlite/schema.ts`), here only what is different.
 *
 * - Nobody is asked for the next number on a hot path: events get theirs from the transaction, identifiers in blocks.
 * - That no two events are one message is ensured by an index of `events`, so there is no table of messages.
 * - Payloads lie in partitions by the month of arrival, so that old ones can be dropped without touching a row.
 * - No foreign keys: every row is found by its identifier or its event, on one shard as on many.
 *
 * What drizzle cannot say (partitions, room for updates) is put in by `scripts/generatePostgres.mjs`.
 */

/** Ordered by its bytes (code points), as SQLite orders and as positions of events are compared. */
const text = customType<{ data: string }>({ dataType: () => 'text COLLATE "C"' });

const bytes = customType<{ data: Buffer }>({ dataType: () => "bytea" });

/** Numbers of rows, and ms since 1970. Below 2^53. */
const long = (name: string) => bigint(name, { mode: "number" });

/** Hands out numbers of identifiers a thousand at a time. */
export const identifierIds = pgSequence("identifier_ids", { increment: 1000 });

export const sources = pgTable("sources", {
	id: text("id").primaryKey(),
	name: text("name").notNull(),
	trust: text("trust").notNull(),
	options: text("options").notNull(),
});

export const writeKeys = pgTable("write_keys", {
	id: long("id").primaryKey().generatedByDefaultAsIdentity(),
	key: text("key").notNull().unique(),
	source: text("source"),
});

export const secretKeys = pgTable("secret_keys", {
	id: text("id").primaryKey(),
	name: text("name").notNull(),
	hash: text("hash").notNull(),
	scopes: text("scopes").notNull(),
	createdAt: long("created_at").notNull(),
	lastUsedAt: long("last_used_at"),
});

export const identifiers = pgTable(
	"identifiers",
	{
		id: long("id").primaryKey(),
		key: bytes("key").notNull(),
		type: text("type").notNull(),
		value: text("value"),
		flags: integer("flags").notNull(),
		diedAt: long("died_at"),
		root: long("root").notNull(),
		state: integer("state").notNull().default(0),
		owner: long("owner"),
		size: integer("size").notNull().default(1),
		limited: text("limited"),
		latest: long("latest"),
		seenWith: text("seen_with"),
		tail: text("tail"),
	},
	(t) => [
		// Of those with a name each is there once; a deleted one's hash may be there for several lives.
		uniqueIndex("identifiers_live").on(t.key).where(sql`died_at IS NULL`),
		index("identifiers_dead").on(t.key, t.diedAt).where(sql`died_at IS NOT NULL`),
		index("identifiers_members").on(t.root).where(sql`root <> id`),
		index("identifiers_owner").on(t.owner).where(sql`owner IS NOT NULL`),
		index("identifiers_owner_limited").on(t.owner).where(sql`limited IS NOT NULL`),
	],
);

export const events = pgTable(
	"events",
	{
		seq: long("seq").primaryKey(),
		source: text("source").notNull(),
		messageId: text("message_id").notNull(),
		type: integer("type").notNull(),
		trusted: integer("trusted").notNull(),
		ts: long("ts").notNull(),
		receivedAt: long("received_at").notNull(),
		lead: long("lead"),
		anonymous: long("anonymous"),
		name: text("name"),
		claims: text("claims"),
		writeKey: long("write_key"),
	},
	(t) => [uniqueIndex("events_message").on(t.source, t.messageId), index("events_lead").on(t.lead, t.ts)],
);

export const eventPayloads = pgTable(
	"event_payloads",
	{
		seq: long("seq").notNull(),
		/** As the event has it; in which partition the payload lies. */
		receivedAt: long("received_at").notNull(),
		body: text("body").notNull(),
		traits: text("traits"),
	},
	(t) => [primaryKey({ columns: [t.seq, t.receivedAt] })],
);

export const eventIdentifiers = pgTable(
	"event_identifiers",
	{
		identifier: long("identifier").notNull(),
		ts: long("ts").notNull(),
		seq: long("seq").notNull(),
		lead: long("lead").notNull(),
		kind: integer("kind").notNull(),
	},
	(t) => [
		primaryKey({ columns: [t.identifier, t.ts, t.seq] }),
		index("event_identifiers_joint").on(t.lead).where(sql`kind = 2`),
	],
);

export const countingEvidence = pgTable(
	"counting_evidence",
	{
		identifier: long("identifier").notNull(),
		ts: long("ts").notNull(),
		seq: long("seq").notNull(),
		lead: long("lead").notNull(),
		kind: integer("kind").notNull(),
	},
	(t) => [primaryKey({ columns: [t.identifier, t.ts, t.seq] })],
);

export const aliases = pgTable(
	"aliases",
	{
		seq: long("seq").primaryKey(),
		ts: long("ts").notNull(),
		messageId: text("message_id").notNull(),
		source: text("source").notNull(),
		user: long("user").notNull(),
		previousUser: long("previous_user").notNull(),
		previousAnonymous: long("previous_anonymous").notNull(),
		reading: integer("reading").notNull(),
		trusted: integer("trusted").notNull(),
	},
	(t) => [
		index("aliases_user").on(t.user),
		index("aliases_previous_user").on(t.previousUser),
		index("aliases_previous_anonymous").on(t.previousAnonymous),
	],
);

export const spans = pgTable(
	"spans",
	{
		identifier: long("identifier").notNull(),
		fromTs: long("from_ts").notNull(),
		fromMessage: text("from_message").notNull(),
		fromSource: text("from_source").notNull(),
		owner: long("owner").notNull(),
	},
	(t) => [
		primaryKey({ columns: [t.identifier, t.fromTs, t.fromMessage, t.fromSource] }),
		index("spans_owner").on(t.owner),
	],
);

export const adjacentUsers = pgTable(
	"adjacent_users",
	{
		identifier: long("identifier").notNull(),
		user: long("user").notNull(),
		/** 1; 2 where the user is crowded for the identifier's type. A 0 is what an older version noted of users that an alias alone had linked; it is not read. */
		direct: integer("direct").notNull(),
	},
	(t) => [primaryKey({ columns: [t.identifier, t.user] }), index("adjacent_users_user").on(t.user)],
);

export const limitedUsers = pgTable(
	"limited_users",
	{ user: long("user").notNull(), root: long("root").notNull() },
	(t) => [primaryKey({ columns: [t.user, t.root] }), index("limited_users_root").on(t.root)],
);

export const traitWrites = pgTable(
	"trait_writes",
	{
		lead: long("lead").notNull(),
		key: text("key").notNull(),
		ts: long("ts").notNull(),
		seq: long("seq").notNull(),
		value: text("value").notNull(),
	},
	(t) => [primaryKey({ columns: [t.lead, t.key, t.ts, t.seq] })],
);

export const groupWrites = pgTable(
	"group_writes",
	{
		group: text("group_id").notNull(),
		key: text("key").notNull(),
		ts: long("ts").notNull(),
		messageId: text("message_id").notNull(),
		source: text("source").notNull(),
		value: text("value").notNull(),
	},
	(t) => [
		// An entry of an index may hold 2.7 kB, and a group's id, a key and a message's id together can be longer.
		uniqueIndex("group_writes_once").on(sql`md5(group_id)`, sql`md5("key")`, t.ts, t.messageId, t.source),
		index("group_writes_group").on(t.group, t.key, t.ts),
	],
);

export const memberships = pgTable(
	"memberships",
	{
		group: text("group_id").notNull(),
		lead: long("lead").notNull(),
		ts: long("ts").notNull(),
		seq: long("seq").notNull(),
	},
	(t) => [primaryKey({ columns: [t.group, t.lead, t.ts, t.seq] }), index("memberships_lead").on(t.lead, t.ts)],
);

export const corrections = pgTable(
	"corrections",
	{
		id: long("id").primaryKey().generatedByDefaultAsIdentity(),
		kind: text("kind").notNull(),
		at: long("at").notNull(),
		a: long("a").notNull(),
		b: long("b"),
		/** ms; evidence dated before it is undone. Null, as of older versions: `at`. */
		before: long("before"),
		actor: text("actor").notNull(),
		reason: text("reason").notNull(),
	},
	(t) => [index("corrections_a").on(t.a), index("corrections_b").on(t.b)],
);

export const deletions = pgTable("deletions", {
	receipt: text("receipt").primaryKey(),
	at: long("at").notNull(),
	suppress: integer("suppress").notNull(),
	erasedEvents: long("erased_events").notNull(),
	identifiers: integer("identifiers").notNull(),
	actor: text("actor").notNull(),
	reason: text("reason").notNull(),
});

export const tombstones = pgTable(
	"tombstones",
	{
		hash: bytes("hash").notNull(),
		fromTs: long("from_ts").notNull(),
		fromMessage: text("from_message").notNull(),
		fromSource: text("from_source").notNull(),
		toTs: long("to_ts").notNull(),
		toMessage: text("to_message").notNull(),
		toSource: text("to_source").notNull(),
		at: long("at").notNull(),
	},
	(t) => [index("tombstones_hash").on(t.hash)],
);

export const suppressed = pgTable("suppressed", {
	hash: bytes("hash").primaryKey(),
	at: long("at").notNull(),
});

export const goneMessages = pgTable("gone_messages", { hash: bytes("hash").primaryKey() });

export const changes = pgTable(
	"changes",
	{
		id: long("id").primaryKey().generatedByDefaultAsIdentity({ cache: 1000 }),
		at: long("at").notNull(),
		kind: text("kind").notNull(),
		identifier: long("identifier"),
		other: long("other"),
		seq: long("seq"),
	},
	(t) => [index("changes_seq").on(t.seq).where(sql`seq IS NOT NULL`)],
);

export const deadLetters = pgTable(
	"dead_letters",
	{
		id: long("id").primaryKey().generatedByDefaultAsIdentity(),
		source: text("source").notNull(),
		receivedAt: long("received_at").notNull(),
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

export const idempotentRequests = pgTable(
	"idempotent_requests",
	{
		hash: text("hash").primaryKey(),
		request: text("request").notNull(),
		at: long("at").notNull(),
		status: integer("status"),
		body: text("body"),
	},
	(t) => [index("idempotent_requests_at").on(t.at)],
);

/** Each count is the sum of its slots: writers that count at the same time would wait for one another at a single row. */
export const counters = pgTable(
	"counters",
	{
		name: text("name").notNull(),
		slot: integer("slot").notNull().default(0),
		value: long("value").notNull(),
	},
	(t) => [primaryKey({ columns: [t.name, t.slot] })],
);

export const meta = pgTable("meta", {
	name: text("name").primaryKey(),
	value: text("value").notNull(),
});
