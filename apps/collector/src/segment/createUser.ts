import type { EventView } from "@selfsame/protocol";
import type { Reader } from "../privacy/createReader.ts";
import { readRef } from "../routes/parameters.ts";
import { pageThrough } from "./pageThrough.ts";
import { idsOf } from "./segmentViews.ts";
import type { ExternalIdStub, Subject } from "./subject.ts";

/** How many events of one instant are looked through for the one that brought an identifier. */
const SEARCHED = 100;

/** A profile as Segment's readers see a user; null when there is none. */
export async function createUser(reader: Reader, text: string): Promise<Subject | null> {
	const profile = await reader.findProfile(readRef(text));
	if (!profile) return null;
	const ref = { id: profile.id };
	const empty = { data: [], page: { next: null, hasMore: false, limit: 0 } };

	const firstGroupEvents = async (groups: ReadonlySet<string>): Promise<Map<string, EventView>> => {
		const first = new Map<string, EventView>();
		const page = await reader.listEvents(ref, { type: "group", order: "asc", limit: 1_000 });
		for (const event of page?.data ?? []) {
			const { groupId } = event;
			if (groupId !== undefined && groups.has(groupId) && !first.has(groupId)) first.set(groupId, event);
		}
		return first;
	};

	return {
		address: profile.id,
		related: { users: profile.id },
		traits: profile.traits,
		async originOf(trait) {
			return (await reader.traitHistory(ref, trait, { limit: 1 }))?.data[0] ?? null;
		},
		externalIds: () =>
			profile.identifiers.map(({ type, value, firstSeen }) => ({
				collection: "users",
				id: value,
				type,
				created_at: firstSeen,
				encoding: "none",
			})),
		async firstEventOf({ type, id, created_at }: ExternalIdStub) {
			const from = Date.parse(created_at ?? "");
			const page = await reader.listEvents(ref, { from, to: from + 1, order: "asc", limit: SEARCHED });
			const events = page?.data ?? [];
			return (
				events.find((event) => idsOf(event).some((own) => own.type === type && own.id === id)) ?? events[0] ?? null
			);
		},
		events: async (query) => (await reader.listEvents(ref, query)) ?? empty,
		async links(page, url) {
			const { shown, cursor } = pageThrough(profile.groups, ({ id }) => id, { ...page, url });
			const first = await firstGroupEvents(new Set(shown.map(({ id }) => id)));
			const links = shown.map(({ id }) => {
				const event = first.get(id);
				const external = {
					source_id: event?.source ?? null,
					collection: "accounts" as const,
					id,
					type: "group_id",
					created_at: event?.timestamp ?? null,
					encoding: "none" as const,
					first_message_id: event?.messageId ?? null,
				};
				return { to_collection: "accounts" as const, external_ids: [external] };
			});
			return { links, cursor };
		},
	};
}
