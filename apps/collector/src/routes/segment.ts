import type { EventType } from "@selfsame/protocol";
import { eventTypes } from "@selfsame/protocol/schema";
import type { Api } from "../api/createApi.ts";
import { json } from "../api/route.ts";
import { collectEvents } from "../segment/collectEvents.ts";
import { findSubject } from "../segment/findSubject.ts";
import { pageThrough } from "../segment/pageThrough.ts";
import {
	eventsAnswer,
	externalIdsAnswer,
	linksAnswer,
	metadataAnswer,
	toSegmentEvent,
	traitsAnswer,
} from "../segment/segmentViews.ts";
import type { ExternalIdStub, Subject } from "../segment/subject.ts";
import { choice, flag, instant, limit, text, words } from "./parameters.ts";

const path = "/v1/spaces/{space}/collections/{collection}/profiles/{ref}";
const next = text("`cursor.next` of the page before.");
const verbose = flag("Shows where values come from.");

/**
 * Segment's Profile API, so that its readers change one address: https://segment.com/docs/unify/profile-api/. A workspace
 * is one space, under whatever id.
 */
export function segmentRoutes(api: Api): void {
	const get = { method: "get", tag: "Segment", scope: "read", tolerant: true, errors: "segment" } as const;
	const urlOf = ({ space, collection }: Record<"space" | "collection", string>, { address }: Subject, list: string) =>
		`/v1/spaces/${encodeURIComponent(space)}/collections/${collection}/profiles/${address}/${list}`;

	api.add(
		{
			...get,
			path: `${path}/traits`,
			id: "getSegmentTraits",
			summary: "Traits, in Segment's shape",
			query: {
				limit: limit(200, 10),
				next,
				include: words("Only these traits."),
				class: choice(["audience", "computed_trait"], "Only traits of this class."),
				verbose,
			},
			answers: { 200: json(traitsAnswer, "The traits, by their keys.") },
		},
		async ({ c, params, query: { include, class: kind, verbose, ...page }, reader }) => {
			const subject = await findSubject(reader, params.collection, params.ref);
			// Every trait here was sent by somebody: none is of a class that is computed.
			const keys = kind ? [] : Object.keys(subject.traits).filter((key) => !include || include.includes(key));
			const url = urlOf(params, subject, "traits");
			const { shown, cursor } = pageThrough(keys, (key) => key, { ...page, url, filters: [params.ref, include, kind] });
			const values = shown.map(async (key) => {
				const value = subject.traits[key];
				if (!verbose) return [key, value];
				const origin = await subject.originOf(key);
				return [key, { value, source_id: origin?.source ?? null, updated_at: origin?.timestamp ?? null }];
			});
			return c.json({ traits: Object.fromEntries(await Promise.all(values)), cursor });
		},
	);

	api.add(
		{
			...get,
			path: `${path}/external_ids`,
			id: "getSegmentExternalIds",
			summary: "Identifiers, in Segment's shape",
			query: { limit: limit(100, 10), next, include: words("Only identifiers of these types."), verbose },
			answers: { 200: json(externalIdsAnswer, "The identifiers, the earliest first.") },
		},
		async ({ c, params, query: { include, verbose: _, ...page }, reader }) => {
			const subject = await findSubject(reader, params.collection, params.ref);
			const wanted = subject.externalIds().filter(({ type }) => !include || include.includes(type));
			const url = urlOf(params, subject, "external_ids");
			const { shown, cursor } = pageThrough(numbered(wanted), ({ place }) => place, {
				...page,
				url,
				filters: [params.ref, include],
			});
			const data = shown.map(async ({ id }) => {
				const event = await subject.firstEventOf(id);
				return { ...id, source_id: event?.source ?? null, first_message_id: event?.messageId ?? null };
			});
			return c.json({ data: await Promise.all(data), cursor });
		},
	);

	api.add(
		{
			...get,
			path: `${path}/events`,
			id: "getSegmentEvents",
			summary: "Events, in Segment's shape",
			description: "All of them, not those of 14 days. An account has the `group` events that named it.",
			query: {
				limit: limit(100, 10),
				next,
				sort: choice(["asc", "desc"], "Default `desc`, newest first."),
				start: instant("Only events at or after this instant."),
				end: instant("Only events before this instant."),
				include: words("Only events of these names."),
				exclude: words("No events of these names."),
				type: choice([...eventTypes] as EventType[], "Only events of this type."),
			},
			answers: { 200: json(eventsAnswer, "The events.") },
		},
		async ({ c, params, query, reader }) => {
			const subject = await findSubject(reader, params.collection, params.ref);
			const { limit, next, sort, start, end, type, include, exclude } = query;
			const wanted = {
				limit,
				...(next === undefined ? {} : { cursor: next }),
				...(sort ? { order: sort } : {}),
				...(start === undefined ? {} : { from: start }),
				...(end === undefined ? {} : { to: end }),
				...(type ? { type } : {}),
			};
			const names = { ...(include ? { include } : {}), ...(exclude ? { exclude } : {}) };
			const { data, page } = await collectEvents(subject, wanted, names);
			const cursor = { url: urlOf(params, subject, "events"), has_more: page.hasMore, next: page.next ?? "", limit };
			return c.json({ data: data.map((event) => toSegmentEvent(event, subject.related)), cursor });
		},
	);

	api.add(
		{
			...get,
			path: `${path}/metadata`,
			id: "getSegmentMetadata",
			summary: "When it was seen, in Segment's shape",
			query: { verbose },
			answers: { 200: json(metadataAnswer, "The first and the last event.") },
		},
		async ({ c, params, reader }) => {
			const subject = await findSubject(reader, params.collection, params.ref);
			const [first] = (await subject.events({ limit: 1, order: "asc" })).data;
			const [last] = (await subject.events({ limit: 1 })).data;
			return c.json({
				metadata: {
					created_at: first?.timestamp ?? null,
					updated_at: last?.timestamp ?? null,
					expires_at: null,
					first_message_id: first?.messageId ?? null,
					first_source_id: first?.source ?? null,
					last_message_id: last?.messageId ?? null,
					last_source_id: last?.source ?? null,
				},
			});
		},
	);

	api.add(
		{
			...get,
			path: `${path}/links`,
			id: "getSegmentLinks",
			summary: "The accounts of a user, or the users of an account, in Segment's shape",
			query: { limit: limit(20, 20), next },
			answers: { 200: json(linksAnswer, "Each with its identifiers.") },
		},
		async ({ c, params, query, reader }) => {
			const subject = await findSubject(reader, params.collection, params.ref);
			const { links, cursor } = await subject.links({ ...query, filters: params.ref }, urlOf(params, subject, "links"));
			return c.json({ data: links, cursor });
		},
	);
}

/** Places that tell nothing of the identifiers themselves, since they go into addresses. */
function numbered(ids: readonly ExternalIdStub[]): { id: ExternalIdStub; place: string }[] {
	const seen = new Map<string, number>();
	return ids.map((id) => {
		const at = `${id.created_at} ${id.type}`;
		const count = seen.get(at) ?? 0;
		seen.set(at, count + 1);
		return { id, place: `${at} ${String(count).padStart(6, "0")}` };
	});
}
