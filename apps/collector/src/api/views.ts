import type {
	EventView,
	Explanation,
	Identifier,
	IdentityView,
	Json,
	JsonObject,
	Page,
	Problem,
	Profile,
	Reason,
	Stats,
	TraitWrite,
} from "@selfsame/protocol";
import { eventTypes } from "@selfsame/protocol/schema";
import type { DeletionReceipt, GroupView } from "@selfsame/store";
import { z } from "zod";
import { problemCodes } from "../problem.ts";

/** Schemas that stand under their name in `components` of the API's description, and in generated clients. */
export const components = new Map<string, z.ZodType>();

/** Gives a schema its name in the API's description. */
export function named<T extends z.ZodType>(id: string, schema: T): T {
	components.set(id, schema);
	return schema;
}

const jsonValue = z.custom<Json>().meta({ description: "Any JSON value." });
const jsonObject = z.record(z.string(), jsonValue) satisfies z.ZodType<JsonObject>;
const time = z.string().meta({ format: "date-time", description: "ISO 8601 in UTC with milliseconds." });
const count = z.int().min(0);
const messageId = z.string().meta({ description: "The event's, unique in its source." });
const source = z.string().meta({ description: "Where the event came from." });

export const identifier = named(
	"Identifier",
	z.object({
		type: z.string().meta({ description: "`user_id`, `anonymous_id`, `email`, or a configured type." }),
		value: z.string(),
	}),
) satisfies z.ZodType<Identifier>;

export const profile = named(
	"Profile",
	z.object({
		id: z.string().meta({ description: "`pro_` and a uuid. An id returned once keeps resolving." }),
		identifiers: z
			.array(z.object({ ...identifier.shape, firstSeen: time, lastSeen: time }))
			.meta({ description: "What the profile holds now, best type first." }),
		pastIdentifiers: z
			.array(z.object({ ...identifier.shape, from: time.nullable(), to: time }))
			.meta({ description: "What it held earlier: from `from` (null: from its beginning) up to `to`." }),
		traits: jsonObject,
		groups: z.array(z.object({ id: z.string(), traits: jsonObject })),
		eventCount: count,
		firstSeen: time.nullable(),
		lastSeen: time.nullable(),
	}),
) satisfies z.ZodType<Profile>;

/** What `include` leaves of a profile. */
export const partOfProfile = named("ProfilePart", profile.partial().required({ id: true }));

export const event = named(
	"StoredEvent",
	z
		.object({
			type: z.enum([...eventTypes] as [EventView["type"], ...EventView["type"][]]),
			event: z.string().exactOptional().meta({ description: "`track` only: its name." }),
			name: z.string().exactOptional().meta({ description: "`page` and `screen`." }),
			messageId,
			source,
			timestamp: time.meta({ description: "When it happened: corrected for clock skew." }),
			receivedAt: time,
			userId: z.string().exactOptional(),
			anonymousId: z.string().exactOptional(),
			previousId: z.string().exactOptional(),
			groupId: z.string().exactOptional(),
			claimedUserId: z.string().exactOptional().meta({ description: "A `userId` that needed proof and had none." }),
			properties: jsonObject.exactOptional(),
			traits: jsonObject.exactOptional(),
			context: jsonObject,
		})
		.catchall(jsonValue),
) satisfies z.ZodType<EventView>;

export const identity = named(
	"Identity",
	z.object({
		identifiers: z.array(identifier),
		links: z.array(
			z.object({
				a: identifier,
				b: identifier,
				messageId,
				source,
				timestamp: time,
				kind: z.enum(["event", "alias", "merge"]).meta({
					description: "`event`: seen together. `alias`: joined by an alias. `merge`: by a person through the API.",
				}),
			}),
		),
		refused: z.array(
			z.object({
				identifier,
				from: identifier.meta({ description: "What it was not linked to." }),
				reason: z.enum(["limit", "moved", "shared", "crowded", "unlinked", "unmerged", "untrusted"]).meta({
					description:
						"`limit`: the profile holds as many of the type as it may. `moved`: a union would break a limit, so the " +
						"identifier alone moved. `shared`: one of the two is seen with too many users. `crowded`: the user is seen with " +
						"too many identifiers of the type. `unlinked`, `unmerged`: a correction stands against it. `untrusted`: a client source may not make this link.",
				}),
				messageId,
				source,
				timestamp: time,
			}),
		),
	}),
) satisfies z.ZodType<IdentityView>;

export const traitWrite = named(
	"TraitWrite",
	z.object({
		value: jsonValue,
		timestamp: time,
		messageId,
		source,
		won: z.boolean().meta({ description: "Whether it is the one that the profile shows (a null shows as no trait)." }),
	}),
) satisfies z.ZodType<TraitWrite>;

const reason: z.ZodType<Reason> = named(
	"FilterReason",
	z.object({
		path: z.string().meta({ description: "Where the condition stands, such as `filter.all[1].not`." }),
		result: z.boolean(),
		get conditions() {
			return z.array(reason).exactOptional().meta({ description: "Of `all`, `any` and `not`: those inside." });
		},
		trait: z.string().exactOptional(),
		value: jsonValue.exactOptional().meta({ description: "Of a trait: what it was." }),
		actual: z.number().exactOptional().meta({ description: "Of a count or an aggregate: what was compared." }),
		events: z
			.array(
				z.object({
					messageId,
					source,
					timestamp: time,
					type: z.enum([...eventTypes] as [EventView["type"], ...EventView["type"][]]),
					name: z.string().exactOptional(),
					step: z.int().exactOptional().meta({ description: "Of a sequence: which step, from 0." }),
				}),
			)
			.exactOptional()
			.meta({ description: "Which events decided: at most 20 of them." }),
	}),
);

export const explanation = named(
	"FilterExplanation",
	z.object({
		matches: z.boolean(),
		now: time.meta({ description: "The moment that it was asked about." }),
		because: reason,
	}),
) satisfies z.ZodType<Explanation>;

const place = named(
	"Page",
	z.object({
		next: z.string().nullable().meta({ description: "The `cursor` of the next page; null: this is the last." }),
		hasMore: z.boolean(),
		limit: z.int(),
	}),
) satisfies z.ZodType<Page<unknown>["page"]>;

/** A page of a list. */
export function pageOf<T extends z.ZodType>(item: T) {
	return z.object({ data: z.array(item), page: place });
}

export const group = named(
	"Group",
	z.object({
		id: z.string(),
		traits: jsonObject,
		memberCount: count,
		members: pageOf(z.object({ id: z.string().meta({ description: "A profile's id." }) })),
	}),
) satisfies z.ZodType<GroupView>;

export const receipt = named(
	"DeletionReceipt",
	z.object({ receiptId: z.string(), erasedEvents: count, identifiers: count, deletedAt: time }),
) satisfies z.ZodType<DeletionReceipt>;

export const rejectedEvent = named(
	"RejectedEvent",
	z.object({
		id: z.int(),
		source: z.string(),
		receivedAt: time,
		messageId: z.string().nullable(),
		code: z.string(),
		detail: z.string(),
		body: z.string().meta({ description: "The event's JSON text as it came, cut at the event size limit." }),
	}),
);

export const stats = named(
	"Stats",
	z.object({
		events: count,
		profiles: count,
		duplicates: count,
		rejected: count,
		unattributed: count,
		suppressed: count,
		erased: count,
	}),
) satisfies z.ZodType<Stats>;

export const problem = named(
	"Problem",
	z.object({
		type: z.string(),
		title: z.string(),
		status: z.int(),
		code: z.enum(problemCodes).meta({ description: "Stable: match on this." }),
		detail: z.string().meta({ description: "What is wrong and what to do." }),
	}),
) satisfies z.ZodType<Problem>;

const issueCode = z.string().meta({ description: "Stable: clients may match on it." });

export const ingestAnswer = named(
	"IngestAnswer",
	z.object({
		success: z.literal(true),
		accepted: count,
		duplicates: count.meta({ description: "Already stored under their `messageId`; nothing changed." }),
		dropped: count.meta({ description: "Of suppressed or deleted people." }),
		rejected: z.array(
			z.object({ index: count, messageId: z.string().nullable(), code: issueCode, detail: z.string() }),
		),
		warnings: z.array(z.object({ index: count, code: issueCode, detail: z.string() })).max(100),
	}),
);

const sentId = z.union([z.string(), z.number()]).nullable();

/** An event as clients send it. Described, not checked with: `@selfsame/protocol/schema` does that, event by event. */
export const sentEvent = named(
	"SentEvent",
	z.looseObject({
		type: z.enum([...eventTypes] as [EventView["type"], ...EventView["type"][]]).optional(),
		event: z.string().optional().meta({ description: "The name of a track event." }),
		name: z.string().nullable().optional().meta({ description: "Of a page or screen." }),
		userId: sentId.optional(),
		anonymousId: sentId.optional(),
		previousId: sentId.optional().meta({ description: "`alias` only." }),
		groupId: sentId.optional().meta({ description: "`group` only." }),
		messageId: z
			.string()
			.nullable()
			.optional()
			.meta({ description: "Unique in its source for ever; a repetition counts as a duplicate." }),
		timestamp: z.string().nullable().optional().meta({ description: "ISO 8601. Left out: the time of receipt." }),
		traits: jsonObject.nullable().optional(),
		properties: jsonObject.nullable().optional(),
		context: jsonObject.nullable().optional(),
	}),
);

export const sentBatch = named(
	"SentBatch",
	z.looseObject({
		batch: z.array(sentEvent).meta({ description: "Up to 2,500 events, in 4 MiB." }),
		sentAt: z.string().optional().meta({ description: "The sender's clock, from which skew is worked out." }),
		context: jsonObject.optional().meta({ description: "For all events that have none of their own." }),
		writeKey: z.string().optional().meta({ description: "Where no header carries it." }),
	}),
);
