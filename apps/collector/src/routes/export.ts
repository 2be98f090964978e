import { type Dataset, datasets, StorageUnavailableError } from "@selfsame/store";
import { z } from "zod";
import { error } from "../api/commonAnswers.ts";
import type { Api } from "../api/createApi.ts";
import type { Deps } from "../deps.ts";
import { columns } from "../export/columns.ts";
import { type Format, formats } from "../export/createEncoder.ts";
import { noMask } from "../privacy/createMask.ts";
import { RequestError } from "../problem.ts";
import { breakOff } from "./breakOff.ts";
import { choice } from "./parameters.ts";

const names = Object.keys(formats) as Format[];

const about: Record<Dataset, string> = {
	profiles: "One row for each profile, as `GET /v1/profiles/{ref}` answers.",
	events:
		"One row for each event, in the order of their commits. `seq` counts them; `profileId` is null for an event that identifies nobody.",
	identifiers: "One row for each identifier, with the profile that holds it now.",
	"trait-history": "One row for each write of a trait. A null `value` removed it; `won` marks what the profile shows.",
};

/** Everything a workspace holds, as files. */
export function exportRoutes(api: Api, deps: Pick<Deps, "exporter" | "config" | "isStopping" | "now" | "log">): void {
	for (const dataset of datasets) {
		api.add(
			{
				method: "get",
				path: `/v1/export/${dataset}`,
				id: `export${dataset.replaceAll(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase())}`,
				tag: "Export",
				scope: "read",
				summary: `Export ${dataset === "trait-history" ? "the history of traits" : `all ${dataset}`}`,
				description: describe(dataset),
				query: {
					format: {
						...choice(names, "`ndjson` (one JSON object a line), `csv` or `parquet`."),
						fallback: "ndjson" as const,
					},
				},
				answers: {
					200: {
						description: "The file. One that broke off does not end: the connection is closed inside it.",
						content: Object.fromEntries(names.map((name) => [formats[name].split(";")[0], z.string()])),
						headers: { "content-disposition": "A file name, with the moment of the export in it." },
					},
					429: error("As many exports are running as may.", { "retry-after": "Seconds." }),
				},
			},
			async ({ c, query: { format }, mask }) => {
				const stopping = "The server is stopping. Ask again in a moment.";
				if (deps.isStopping()) throw new RequestError("shutting_down", stopping, { "retry-after": "1" });
				const moment = new Date(deps.now()).toISOString().replaceAll(":", "-").slice(0, 19);
				const headers = {
					"content-type": formats[format],
					"content-disposition": `attachment; filename="${dataset}-${moment}.${format}"`,
					// An answer of unknown length that may take hours: a proxy that collects it first helps nobody.
					"x-accel-buffering": "no",
				};
				// Nobody would read what was begun for it.
				if (c.req.method === "HEAD") return new Response(null, { headers });
				const personalTraits = mask === noMask ? null : deps.config.personalTraits;
				const stream = await deps.exporter.start({ dataset, format, personalTraits }).catch(explain);
				const tell = (reason: unknown) => deps.log.warn({ dataset, format, err: reason }, "export broke off");
				return new Response(breakOff(c, stream, tell), { headers });
			},
		);
	}
}

function describe(dataset: Dataset): string {
	const list = columns[dataset].map(({ name, kind }) => `\`${name}\` (${kind})`).join(", ");
	return (
		`${about[dataset]} All rows are of one moment, the beginning of the export, whatever is written meanwhile. ` +
		`Columns of CSV and Parquet: ${list}. JSON columns are JSON text, in Parquet marked as such; times are ISO 8601, in ` +
		"Parquet timestamps. In CSV, text that a spreadsheet would run as a formula has a leading `'`."
	);
}

/** No room for a snapshot is not what the store is in trouble with: ingest goes on. */
function explain(cause: unknown): never {
	if (cause instanceof StorageUnavailableError)
		throw new RequestError("storage_unavailable", cause.message, { "retry-after": "60" });
	throw cause;
}
