import type { EventView } from "@selfsame/protocol";
import { z } from "zod";
import { named } from "../api/views.ts";

const json = z.custom<unknown>().meta({ description: "Any JSON value." });
const collection = z.enum(["users", "accounts"]);

const cursor = named(
	"SegmentCursor",
	z.object({
		url: z.string().meta({ description: "The list's own address." }),
		has_more: z.boolean(),
		next: z.string().meta({ description: "The `next` of the next page; empty: this is the last." }),
		limit: z.int(),
	}),
);
export type Cursor = z.infer<typeof cursor>;

export const traitsAnswer = named(
	"SegmentTraits",
	z.object({
		traits: z.record(z.string(), json).meta({
			description: "The values; with `verbose`, each as `{value, source_id, updated_at}`.",
		}),
		cursor,
	}),
);

/** What stands for somebody in an event or a link. */
const plainId = z.object({ collection, type: z.string(), id: z.string(), encoding: z.literal("none") });

const externalId = named(
	"SegmentExternalId",
	z.object({
		source_id: z.string().nullable(),
		collection,
		id: z.string(),
		type: z.string(),
		created_at: z.string().nullable(),
		encoding: z.literal("none"),
		first_message_id: z.string().nullable(),
	}),
);
export type ExternalId = z.infer<typeof externalId>;

export const externalIdsAnswer = named("SegmentExternalIds", z.object({ data: z.array(externalId), cursor }));

const event = named(
	"SegmentEvent",
	z.looseObject({
		external_ids: z.array(plainId),
		type: z.string(),
		message_id: z.string(),
		source_id: z.string(),
		timestamp: z.string(),
		context: z.record(z.string(), json),
		properties: z.record(z.string(), json),
		event: z.string().exactOptional(),
		related: z.record(z.string(), z.string()).meta({ description: "The profile's id." }),
	}),
);
export type SegmentEvent = z.infer<typeof event>;

export const eventsAnswer = named("SegmentEvents", z.object({ data: z.array(event), cursor }));

export const metadataAnswer = named(
	"SegmentMetadata",
	z.object({
		metadata: z.object({
			created_at: z.string().nullable(),
			updated_at: z.string().nullable(),
			expires_at: z.null(),
			first_message_id: z.string().nullable(),
			first_source_id: z.string().nullable(),
			last_message_id: z.string().nullable(),
			last_source_id: z.string().nullable(),
		}),
	}),
);

export const linksAnswer = named(
	"SegmentLinks",
	z.object({ data: z.array(z.object({ to_collection: collection, external_ids: z.array(externalId) })), cursor }),
);

/** The identifiers that an event carries. */
export function idsOf(view: EventView): SegmentEvent["external_ids"] {
	const id = (type: string, value: string | undefined) =>
		value === undefined ? [] : [{ collection: "users" as const, type, id: value, encoding: "none" as const }];
	const sent = view.context.externalIds;
	const others = (Array.isArray(sent) ? sent : []).flatMap((own) => {
		const { type, id: value } = (own ?? {}) as { type?: unknown; id?: unknown };
		return typeof type === "string" && value !== undefined ? id(type, String(value)) : [];
	});
	return [...id("user_id", view.userId), ...id("anonymous_id", view.anonymousId), ...others];
}

/** An event in Segment's shape; what has no place there comes along under its own name. */
export function toSegmentEvent(view: EventView, related: Record<string, string>): SegmentEvent {
	const {
		type,
		messageId,
		source,
		timestamp,
		context,
		properties,
		event,
		receivedAt: _,
		userId,
		anonymousId,
		...rest
	} = view;
	return {
		...rest,
		external_ids: idsOf(view),
		type,
		message_id: messageId,
		source_id: source,
		timestamp,
		context,
		properties: properties ?? {},
		...(event === undefined ? {} : { event }),
		related,
	};
}
