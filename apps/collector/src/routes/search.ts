import { filterComponents, filterJsonSchema, filterSchema, parseTime } from "@selfsame/protocol/schema";
import { z } from "zod";
import { answerWithTag, notModified, tagHeaders } from "../api/answerWithTag.ts";
import { error } from "../api/commonAnswers.ts";
import type { Api } from "../api/createApi.ts";
import { json } from "../api/route.ts";
import { explanation, named, pageOf, profile } from "../api/views.ts";
import type { Deps } from "../deps.ts";
import { readRef } from "./parameters.ts";
import { noProfile } from "./profiles.ts";

for (const [id, schema] of Object.entries(filterComponents)) named(id, schema);

const now = z
	.string()
	.refine((text) => parseTime(text) !== null, "must be an ISO 8601 date such as 2026-01-31T12:00:00.000Z")
	.optional()
	.meta({ description: "The moment that `within` and `between` are counted back from. Left out: now." });

const searchSchema = z.strictObject({
	filter: filterSchema,
	limit: z.int().min(1).max(1_000).default(50),
	cursor: z.string().nullish().meta({
		description: "`page.next` of the answer before, with the same filter: its pages are all as of one moment.",
	}),
	now,
});

const explainSchema = z.strictObject({ filter: filterSchema, now });

/** Profiles by conditions on their traits and on what they did. */
export function searchRoutes(api: Api, deps: Deps): void {
	const momentOf = (text: string | undefined) => (text === undefined ? deps.now() : (parseTime(text) as number));
	const tooCostly = error("The filter is not valid, asks for too much (`filter_too_costly`), or is not the cursor's.");

	api.add(
		{
			method: "post",
			path: "/v1/profiles/search",
			id: "searchProfiles",
			tag: "Profiles",
			scope: "read",
			summary: "Find profiles by their traits and by what they did",
			description:
				"In the order of their ids. A missing value, or one of another type than is compared with, fails every test but " +
				"`ne`. `GET /schemas/filter.json` is the JSON Schema of filters.",
			body: named("SearchRequest", searchSchema),
			answers: { 200: json(pageOf(profile), "A page of profiles."), 400: tooCostly },
		},
		async ({ c, body, reader }) => {
			const { filter, limit, cursor } = body;
			return c.json(
				await reader.searchProfiles({ filter, limit, now: momentOf(body.now), ...(cursor ? { cursor } : {}) }),
			);
		},
	);

	api.add(
		{
			method: "post",
			path: "/v1/profiles/{ref}/explain",
			id: "explainFilter",
			tag: "Profiles",
			scope: "read",
			summary: "Why a filter holds for a profile, or does not",
			description: "Says of each condition whether it is true, and which events decided it.",
			body: named("ExplainRequest", explainSchema),
			answers: {
				200: json(explanation, "The verdict and its reasons."),
				400: tooCostly,
				404: error("There is no such profile."),
			},
		},
		async ({ c, params, body, reader }) =>
			c.json((await reader.explainFilter(readRef(params.ref), body.filter, momentOf(body.now))) ?? noProfile()),
	);

	api.add(
		{
			method: "get",
			path: "/schemas/filter.json",
			id: "getFilterSchema",
			tag: "Operations",
			scope: null,
			tolerant: true,
			summary: "The JSON Schema of filters",
			answers: { 200: json(z.looseObject({}), "A JSON Schema (2020-12).", tagHeaders), 304: notModified },
		},
		({ c }) => answerWithTag(c, filterJsonSchema()),
	);
}
