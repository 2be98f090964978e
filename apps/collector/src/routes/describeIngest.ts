import { z } from "zod";
import { error } from "../api/commonAnswers.ts";
import type { Api } from "../api/createApi.ts";
import { type Answer, json, type Route } from "../api/route.ts";
import { ingestAnswer, sentBatch, sentEvent } from "../api/views.ts";
import { type IngestPath, ingestPaths } from "./ingestPaths.ts";
import { text } from "./parameters.ts";

const retryAfter = { "retry-after": "Seconds." };

const answers: Record<number, Answer> = {
	200: json(ingestAnswer, "All that is acknowledged here is on disk. Events that were not accepted are listed."),
	400: error("The body is not valid JSON, or not of this path's shape."),
	401: error("No write key, or none of ours."),
	403: error("The source does not take events from this origin."),
	408: error("The body took too long to arrive."),
	413: error("The body is larger than 4 MiB, or holds far too many events."),
	415: error("The body is neither plain nor gzip."),
	429: error("Too much at once, past the source's rate, or too many wrong keys from this address.", retryAfter),
	503: error("Nothing was acknowledged: storage cannot take this now, or the server is stopping.", retryAfter),
};

const metricsAnswer = json(z.object({ success: z.literal(true) }), "Taken, and not stored.");

/** What browser clients fetch before they send anything. */
const files: Pick<Route, "path" | "id" | "summary" | "query" | "answers">[] = [
	{
		path: "/v1/projects/{writeKey}/settings",
		id: "getSegmentSettings",
		summary: "The settings that analytics.js asks for",
		answers: {
			200: json(z.looseObject({}), "Settings as Segment's client reads them."),
			401: answers[401] as Answer,
			429: answers[429] as Answer,
		},
	},
	...["/sourceConfig", "/sourceConfig/"].map((path, at) => ({
		path,
		id: at === 0 ? "getSourceConfig" : "getSourceConfigSlash",
		summary: "The configuration that RudderStack's browser client asks for",
		query: { writeKey: text("Where no header carries it.") },
		answers: {
			200: json(z.looseObject({}), "A source as RudderStack's client reads it."),
			401: answers[401] as Answer,
			429: answers[429] as Answer,
		},
	})),
	{
		path: "/selfsame.js",
		id: "getSdk",
		summary: "The browser SDK",
		answers: {
			200: { description: "For a script tag.", content: { "text/javascript": z.string() } },
			304: { description: "It is the one whose `ETag` was sent." },
			404: error("It is not built."),
		},
	},
	{
		path: "/selfsame-{hash}.js",
		id: "getPinnedSdk",
		summary: "The browser SDK at an address that never changes",
		answers: {
			200: { description: "For a script tag.", content: { "text/javascript": z.string() } },
			404: error("It is of another build. `/selfsame.js` is the present one."),
		},
	},
];

/** Describes the ingest paths, which are registered apart so that nothing stands in an event's way. */
export function describeIngest(api: Api): void {
	for (const ingestPath of ingestPaths) api.describe(describe(ingestPath));
	for (const file of files) api.describe({ ...file, method: "get", tag: "Ingest", scope: null });
	api.describe({
		method: "post",
		path: "/v1/m",
		id: "takeClientMetrics",
		tag: "Ingest",
		scope: null,
		summary: "What analytics.js reports about itself",
		answers: { 200: metricsAnswer },
	});
}

function describe({ path, shape, dialect }: IngestPath): Route {
	const what =
		shape === "batch" ? "a batch of events" : shape === "any" ? "one event of any type" : `one ${shape} event`;
	return {
		method: "post",
		path,
		id: `send${path.split(/\W+/).map(capitalised).join("")}`,
		tag: "Ingest",
		scope: "write",
		summary: `Send ${what}`,
		description: `As the clients of ${dialect} do. The body is read as JSON whatever its content type, plain or gzip.`,
		body: shape === "batch" ? sentBatch : sentEvent,
		answers,
	};
}

const capitalised = (word: string) => word.charAt(0).toUpperCase() + word.slice(1);
