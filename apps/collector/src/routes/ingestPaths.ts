import type { EventType } from "@selfsame/protocol";

const longForms = ["track", "identify", "page", "screen", "group", "alias"] as const satisfies EventType[];

/** What a path takes: a batch, one event of a type, or one event that says its type itself. */
export type Shape = "batch" | "any" | EventType;

/** A path that takes events, and whether it takes a batch, one event of a type, or one that says its type itself. */
export interface IngestPath {
	path: string;
	shape: Shape;
	/** Whose clients send there. */
	dialect: "Segment" | "RudderStack" | "Jitsu";
}

/** Every path that takes events. */
export const ingestPaths: readonly IngestPath[] = [
	...["/v1/batch", "/v1/import", "/v1/b"].map((path) => ({ path, shape: "batch", dialect: "Segment" }) as const),
	{ path: "/beacon/v1/batch", shape: "batch", dialect: "RudderStack" },
	...longForms.flatMap((type) => [
		{ path: `/v1/${type}`, shape: type, dialect: "Segment" } as const,
		{ path: `/v1/${type.charAt(0)}`, shape: type, dialect: "Segment" } as const,
	]),
	...[...longForms, "event" as const].flatMap((form) =>
		["/api/s", "/api/s/s2s"].map(
			(base) => ({ path: `${base}/${form}`, shape: form === "event" ? "any" : form, dialect: "Jitsu" }) as const,
		),
	),
];

const asked = new Set([...ingestPaths.map(({ path }) => path), "/v1/m", "/sourceConfig", "/sourceConfig/"]);

/** Whether pages of any origin may ask here, and read the answer. */
export function isIngestPath(path: string): boolean {
	return asked.has(path) || /^\/v1\/projects\/[^/]+\/settings$/.test(path);
}
