import { answerWithTag, notModified, tagHeaders } from "../api/answerWithTag.ts";
import { error } from "../api/commonAnswers.ts";
import type { Api } from "../api/createApi.ts";
import { json } from "../api/route.ts";
import { group, stats } from "../api/views.ts";
import { RequestError } from "../problem.ts";
import { page } from "./parameters.ts";

/** Groups and their members, and how much of everything there is. */
export function groupRoutes(api: Api): void {
	api.add(
		{
			method: "get",
			path: "/v1/groups/{id}",
			id: "getGroup",
			tag: "Groups",
			scope: "read",
			summary: "A group's traits and members",
			query: page,
			answers: {
				200: json(group, "The group, with a page of its members.", tagHeaders),
				304: notModified,
				404: error("No event has named this group."),
			},
		},
		async ({ c, params, query, reader }) => {
			const found = await reader.findGroup(params.id, query);
			if (!found) throw new RequestError("not_found", "No event has named this group.");
			return answerWithTag(c, found);
		},
	);

	api.add(
		{
			method: "get",
			path: "/v1/stats",
			id: "getStats",
			tag: "Operations",
			scope: "read",
			summary: "How many events and profiles there are",
			query: {},
			answers: { 200: json(stats, "The counts.") },
		},
		async ({ c, reader }) => c.json(await reader.stats()),
	);
}
