import type { EventType, Profile } from "@selfsame/protocol";
import { eventTypes } from "@selfsame/protocol/schema";
import { z } from "zod";
import { answerWithTag, notModified, tagHeaders } from "../api/answerWithTag.ts";
import { error } from "../api/commonAnswers.ts";
import type { Api } from "../api/createApi.ts";
import { json } from "../api/route.ts";
import { event, identity, named, pageOf, partOfProfile, profile, traitWrite } from "../api/views.ts";
import { RequestError } from "../problem.ts";
import { asOf, choice, choices, instant, page, readRef, text } from "./parameters.ts";

const profileFields = [
	"id",
	"identifiers",
	"pastIdentifiers",
	"traits",
	"groups",
	"eventCount",
	"firstSeen",
	"lastSeen",
] as const satisfies (keyof Profile)[];

const lookupSchema = z.strictObject({
	identifiers: z
		.array(z.strictObject({ type: z.string().min(1), value: z.string() }))
		.min(1)
		.max(100, "at most 100 identifiers; ask again for the others"),
});

const noProfileAnswer = error("There is no such profile.");

/** Profiles, and why they are as they are. */
export function profileRoutes(api: Api): void {
	const get = { method: "get", tag: "Profiles", scope: "read" } as const;

	api.add(
		{
			...get,
			path: "/v1/profiles",
			id: "listProfiles",
			summary: "List profiles",
			query: {
				...page,
				identifierType: text("Only profiles that hold an identifier of this type."),
				seenAfter: instant("Only profiles with an event at or after this instant."),
			},
			answers: { 200: json(pageOf(profile), "A page of profiles, in the order of their ids.") },
		},
		async ({ c, query, reader }) => c.json(await reader.listProfiles(query)),
	);

	api.add(
		{
			method: "post",
			path: "/v1/profiles/lookup",
			id: "lookupProfiles",
			tag: "Profiles",
			scope: "read",
			summary: "Find up to 100 profiles by their identifiers",
			description: "With the identifiers in the body, so that no personal data stands in URLs and logs of them.",
			body: named("LookupRequest", lookupSchema),
			answers: {
				200: json(
					z.object({ data: z.array(profile.nullable()) }),
					"One answer for each identifier, in their order; null where there is no such profile.",
				),
			},
		},
		async ({ c, body, reader }) =>
			c.json({ data: await Promise.all(body.identifiers.map((identifier) => reader.findProfile(identifier))) }),
	);

	api.add(
		{
			...get,
			path: "/v1/profiles/{ref}",
			id: "getProfile",
			summary: "One profile",
			query: { ...asOf, include: choices(profileFields, "Only these parts, besides `id`.") },
			answers: {
				200: json(z.union([profile, partOfProfile]), "The profile, or the parts that `include` names.", tagHeaders),
				304: notModified,
				404: noProfileAnswer,
			},
		},
		async ({ c, params, query: { include, ...at }, reader }) => {
			const found = (await reader.findProfile(readRef(params.ref), at)) ?? noProfile(at);
			return answerWithTag(c, include ? pick(found, include) : found);
		},
	);

	api.add(
		{
			...get,
			path: "/v1/profiles/{ref}/events",
			id: "listProfileEvents",
			summary: "The events of a profile",
			description: "Newest first, by (timestamp, messageId).",
			query: {
				...page,
				...asOf,
				order: choice(["asc", "desc"], "`desc`, newest first, or `asc`."),
				type: choice([...eventTypes] as EventType[], "Only events of this type."),
				name: text("Only events of this name: that of a track event, a page or a screen."),
				from: instant("Only events at or after this instant."),
				to: instant("Only events before this instant."),
			},
			answers: { 200: json(pageOf(event), "A page of events.", tagHeaders), 304: notModified, 404: noProfileAnswer },
		},
		async ({ c, params, query, reader }) =>
			answerWithTag(c, (await reader.listEvents(readRef(params.ref), query)) ?? noProfile(query)),
	);

	api.add(
		{
			...get,
			path: "/v1/profiles/{ref}/identity",
			id: "explainIdentity",
			summary: "Why the identifiers of a profile are one person",
			query: asOf,
			answers: {
				200: json(identity, "Each link with the event that made it, and the links that were refused.", tagHeaders),
				304: notModified,
				404: noProfileAnswer,
			},
		},
		async ({ c, params, query, reader }) =>
			answerWithTag(c, (await reader.explainIdentity(readRef(params.ref), query)) ?? noProfile(query)),
	);

	api.add(
		{
			...get,
			path: "/v1/profiles/{ref}/traits/{key}/history",
			id: "getTraitHistory",
			summary: "Every write of a trait",
			description: "Newest first. A key that nothing has written has an empty history.",
			query: { ...page, ...asOf },
			answers: {
				200: json(pageOf(traitWrite), "A page of writes.", tagHeaders),
				304: notModified,
				404: noProfileAnswer,
			},
		},
		async ({ c, params, query, reader }) =>
			answerWithTag(c, (await reader.traitHistory(readRef(params.ref), params.key, query)) ?? noProfile(query)),
	);
}

/** @param at as of when it was asked for. */
export function noProfile({ asOf }: { asOf?: number } = {}): never {
	const detail =
		asOf === undefined
			? "There is no such profile. Check the type and the percent-encoding of the value."
			: "There was no such profile at the instant that `asOf` names.";
	throw new RequestError("not_found", detail);
}

function pick(found: Profile, asked: readonly (keyof Profile)[]): Partial<Profile> {
	const fields = profileFields.filter((field) => field === "id" || asked.includes(field));
	return Object.fromEntries(fields.map((field) => [field, found[field]]));
}
