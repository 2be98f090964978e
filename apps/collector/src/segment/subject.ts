import type { EventView, JsonObject, Page } from "@selfsame/protocol";
import type { GroupEventQuery } from "@selfsame/store";
import type { Cursor, ExternalId } from "./segmentViews.ts";

export const collections = ["users", "accounts"] as const;
type Collection = (typeof collections)[number];

/** The events that a page is made of; `name` only where a user is asked. */
export type EventsQuery = GroupEventQuery & { name?: string; type?: EventView["type"] };

/** How much of a list is asked for, and where it goes on. */
interface Paging {
	limit: number;
	next?: string;
	/** What `next` holds for. */
	filters: unknown;
}

/** A user or an account, as the routes of Segment's Profile API ask about it. */
export interface Subject {
	/** What names it in `cursor.url`: an id that is nobody's address. */
	address: string;
	/** What events about it are related to. */
	related: Record<string, string>;
	traits: JsonObject;
	/** Where a trait's value comes from; null when that is no longer known. */
	originOf(trait: string): Promise<{ source: string; timestamp: string } | null>;
	externalIds(): ExternalIdStub[];
	/** The event that first named it so. */
	firstEventOf(id: ExternalIdStub): Promise<EventView | null>;
	events(query: EventsQuery): Promise<Page<EventView>>;
	/** The accounts of a user, or the users of an account. */
	links(page: Paging, url: string): Promise<{ links: Link[]; cursor: Cursor }>;
}

/** An identifier before it is known which event brought it. */
export type ExternalIdStub = Pick<ExternalId, "collection" | "id" | "type" | "created_at" | "encoding">;

interface Link {
	to_collection: Collection;
	external_ids: ExternalId[];
}
