import type { Json } from "@selfsame/protocol";
import type { Dataset, DatasetRows } from "@selfsame/store";

/** `json`: any JSON value; `time`: ISO 8601 in UTC; `count`: a whole number. */
type ColumnKind = "text" | "json" | "time" | "count" | "flag";

interface Column {
	name: string;
	kind: ColumnKind;
}

const column =
	(kind: ColumnKind) =>
	(...names: string[]): Column[] =>
		names.map((name) => ({ name, kind }));
const [text, json, time, count, flag] = [
	column("text"),
	column("json"),
	column("time"),
	column("count"),
	column("flag"),
];

/**
 * The columns of each dataset where rows are flat: in CSV, in Parquet, and in the SQL views `v_profiles`, `v_events`,
 * `v_identifiers` and `v_trait_history`. They have the names that the profile API uses. `profileId` joins them.
 */
export const columns: Record<Dataset, readonly Column[]> = {
	profiles: [
		...text("id"),
		...json("identifiers", "pastIdentifiers", "traits", "groups"),
		...count("eventCount"),
		...time("firstSeen", "lastSeen"),
	],
	events: [
		...count("seq"),
		...text("profileId", "type", "event", "name", "messageId", "source"),
		...time("timestamp", "receivedAt"),
		...text("userId", "anonymousId", "previousId", "groupId", "claimedUserId"),
		...json("properties", "traits", "context", "rest"),
	],
	identifiers: [...text("profileId", "type", "value"), ...time("firstSeen", "lastSeen")],
	"trait-history": [
		...text("profileId", "key"),
		...json("value"),
		...time("timestamp"),
		...text("messageId", "source"),
		...flag("won"),
	],
};

const known = new Set(columns.events.map(({ name }) => name));

/** A row's values in the order of the dataset's columns; null where there is none. `rest` has what has no column. */
export function valuesOf<D extends Dataset>(dataset: D, row: DatasetRows[D]): Json[] {
	const fields = row as unknown as Record<string, Json | undefined>;
	return columns[dataset].map(({ name }) =>
		dataset === "events" && name === "rest" ? restOf(fields) : (fields[name] ?? null),
	);
}

function restOf(event: Record<string, Json | undefined>): Json {
	const rest = Object.entries(event).filter(([name, value]) => !known.has(name) && value !== undefined);
	return rest.length === 0 ? null : (Object.fromEntries(rest) as Json);
}
