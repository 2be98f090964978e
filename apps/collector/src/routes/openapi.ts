import { z } from "zod";
import { answerFixed, type FixedAnswer, fixAnswer, notModified, tagHeaders } from "../api/answerWithTag.ts";
import type { Api } from "../api/createApi.ts";
import { json } from "../api/route.ts";
import { toOpenApi } from "../api/toOpenApi.ts";

/** `GET /openapi.json`: what all routes added before and after it are. */
export function openApiRoute(api: Api): void {
	let document: FixedAnswer | undefined;
	api.add(
		{
			method: "get",
			path: "/openapi.json",
			id: "getOpenApi",
			tag: "Operations",
			scope: null,
			tolerant: true,
			summary: "This description",
			answers: {
				200: json(z.looseObject({ openapi: z.string() }), "An OpenAPI 3.1 document.", tagHeaders),
				304: notModified,
			},
		},
		({ c }) => {
			// Written when it is asked for, since it takes some milliseconds and most starts need none.
			document ??= fixAnswer(toOpenApi(api.routes));
			return answerFixed(c, document);
		},
	);
}
