import type { EventView, Page } from "@selfsame/protocol";
import type { Reader } from "../privacy/createReader.ts";
import { RequestError } from "../problem.ts";
import { readRef } from "../routes/parameters.ts";
import type { Subject } from "./subject.ts";

/** How many of the newest `group` events are looked through for the one that wrote a trait. */
const SEARCHED = 1_000;

/** A group as Segment's readers see an account; null when no event has named it. */
export async function createAccount(reader: Reader, text: string): Promise<Subject | null> {
	const ref = readRef(text);
	if (!("type" in ref) || ref.type !== "group_id") {
		throw new RequestError("invalid_request", "An account is named by `group_id:` and its id, percent-encoded.");
	}
	const group = await reader.findGroup(ref.value, { limit: 1 });
	if (!group) return null;
	const none: Page<never> = { data: [], page: { next: null, hasMore: false, limit: 0 } };
	const list = async (query: Parameters<Reader["listGroupEvents"]>[1]) =>
		(await reader.listGroupEvents(ref.value, query)) ?? none;
	const first: EventView | undefined = (await list({ limit: 1, order: "asc" })).data[0];
	let newest: Promise<EventView[]> | undefined;

	return {
		address: `group_id:${encodeURIComponent(ref.value)}`,
		related: {},
		traits: group.traits,
		async originOf(trait) {
			newest ??= list({ limit: SEARCHED }).then(({ data }) => data);
			return (await newest).find(({ traits }) => traits && Object.hasOwn(traits, trait)) ?? null;
		},
		externalIds: () => [
			{
				collection: "accounts",
				id: group.id,
				type: "group_id",
				created_at: first?.timestamp ?? null,
				encoding: "none",
			},
		],
		firstEventOf: async () => first ?? null,
		async events({ type, name, ...query }) {
			// A group is named by `group` events, which have no name of their own.
			const hasNone = name !== undefined || (type !== undefined && type !== "group");
			return hasNone ? none : list(query);
		},
		async links({ limit, next }, url) {
			const members = await reader.findGroup(ref.value, { limit, ...(next === undefined ? {} : { cursor: next }) });
			const page = members?.members ?? { data: [], page: { next: null, hasMore: false, limit } };
			const profiles = await Promise.all(page.data.map(({ id }) => reader.findProfile({ id })));
			const links = profiles.flatMap((profile) => {
				if (!profile) return [];
				const external_ids = profile.identifiers.map(({ type, value, firstSeen }) => ({
					source_id: null,
					collection: "users" as const,
					id: value,
					type,
					created_at: firstSeen,
					encoding: "none" as const,
					first_message_id: null,
				}));
				return [{ to_collection: "users" as const, external_ids }];
			});
			return { links, cursor: { url, has_more: page.page.hasMore, next: page.page.next ?? "", limit } };
		},
	};
}
