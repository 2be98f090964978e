import type { AggregateCondition, Comparison, DidCondition, Predicate, Window } from "@selfsame/protocol";
import { durationOf, splitPath } from "@selfsame/protocol/filter";
import { eventTypes } from "../eventTypes.ts";
import { compileTest } from "./compileTest.ts";
import { compareSql, type Parameters } from "./parameters.ts";
import type { KeptSource, Place, SearchDialect } from "./searchDialect.ts";

/** What an event condition is compiled for. */
export interface EventSetting {
	/** ms since 1970. */
	now: number;
	/** Whether any identifier is contested, so that who owns its events depends on when they happened. */
	hasStretches: boolean;
	dialect: SearchDialect;
	parameters: Parameters;
	/** Where what the condition asks of events is kept; null: nowhere. */
	kept: KeptSource | null;
}

/** A set of profiles by what they did: those in it, or all others. */
export interface LabelSet {
	/** Selects the column `label`. */
	sql: string;
	complement: boolean;
	/**
	 * Counts the rows that the query would hold in memory at once. Then the query takes `:slices` and `:slice`, and selects
	 * of the labels only every so manieth: to be run once for each slice.
	 */
	size?: string;
}

const typeOf = (name: (typeof eventTypes)[number]) => eventTypes.indexOf(name);
/** Types whose events are meant by their type's name. */
const namedByType = ["page", "screen", "identify", "group"] as const;

/** The condition that an event row `e` is one that `did` means. */
export function isMeant(did: string, { bind }: Pick<Parameters, "bind">): string {
	if (did === "*") return "TRUE";
	// The name first: it drops more rows than the type does.
	const isTrack = `e.name = ${bind(did)} AND e.type = ${typeOf("track")}`;
	const named = namedByType.find((type) => type === did);
	return named ? `(${isTrack} OR e.type = ${typeOf(named)})` : `(${isTrack})`;
}

/** The condition that an event row `e` is inside a window. */
function isInside({ within, between }: Window, { now, parameters: { bind } }: EventSetting): string {
	if (within !== undefined) return `e.ts >= ${bind(now - durationOf(within))} AND e.ts <= ${bind(now)}`;
	if (between === undefined) return "TRUE";
	return `e.ts >= ${bind(now - durationOf(between[0]))} AND e.ts < ${bind(now - durationOf(between[1]))}`;
}

/** The place of a property of an event whose payload is the row `d`, or that is kept. */
export function propertyPlace(path: string, { dialect, parameters, kept }: EventSetting): Place {
	return kept?.place(path, parameters) ?? dialect.placeInside("d.body", ["properties", ...splitPath(path)], parameters);
}

/** A predicate on the properties of an event whose payload is the row `d`; true or false, never null. */
export function compilePredicate(predicate: Predicate, setting: EventSetting): string {
	const inner = (conditions: readonly Predicate[]) => conditions.map((one) => compilePredicate(one, setting));
	if ("all" in predicate) return `(${inner(predicate.all).join(" AND ") || "TRUE"})`;
	if ("any" in predicate) return `(${inner(predicate.any).join(" OR ") || "FALSE"})`;
	if ("not" in predicate) return `(NOT ${compilePredicate(predicate.not, setting)})`;
	return `(${compileTest(propertyPlace(predicate.prop, setting), predicate, setting.parameters)})`;
}

export interface EventSelection {
	/** Columns beside `label`, of the event `e` and its payload `d`. */
	columns?: readonly string[];
	/** About `e` alone, so that most rows are dropped before anything is looked up for them. */
	events: string;
	/** About the payload `d` as well. */
	payload?: string | undefined;
	/** Whether the columns read the payload. */
	readsPayload?: boolean;
	/** Whether only a slice of the profiles is looked at. */
	sliced?: boolean;
}

/**
 * Selects events with the label of the profile that owns them: by their lead, or, where that is contested, by the stretch
 * of time that they fall into.
 */
export function selectEvents(
	selection: EventSelection,
	{ hasStretches, dialect: { join, payloads, tick }, kept }: Pick<EventSetting, "hasStretches" | "dialect" | "kept">,
): string {
	const { columns = [], events, payload, readsPayload = payload !== undefined, sliced } = selection;
	const [first, ...others] = kept?.tables ?? ["events"];
	const beside = (tables: readonly string[]) =>
		[
			...tables.map((table) => `${join} ${table} ON ${table}.seq = e.seq`),
			readsPayload && !kept?.isWhole ? payloads : "",
		].join(" ");
	const select = (label: string, from: string) => {
		const inSlice = sliced ? [`${label} % :slices = :slice`] : [];
		const where = [tick("e.seq"), events, ...inSlice, ...(payload === undefined ? [] : [payload])];
		return `SELECT ${[`${label} AS label`, ...columns].join(", ")} FROM ${from} WHERE ${where.join(" AND ")}`;
	};
	// The payload first: whose an event is that does not fit need not be known.
	const settled = select("o.label", `${first} e ${beside(others)} ${join} owned o ON o.id = e.lead`);
	if (!hasStretches) return settled;
	const contested = `stretches s ${join} events e ON e.lead = s.identifier AND ${insideStretch}`;
	return `${settled} UNION ALL ${select("s.label", `${contested} ${beside(kept?.tables ?? [])}`)}`;
}

/** The condition that an event `e` of the stretch's identifier is inside it. The first line is for the index. */
export const insideStretch = `e.ts >= s.from_ts AND e.ts <= s.to_ts
	AND (e.ts, e.message_id, e.source) >= (s.from_ts, s.from_message, s.from_source)
	AND (e.ts, e.message_id, e.source) < (s.to_ts, s.to_message, s.to_source)`;

/** Profiles by how many such events they have. */
export function compileDid(condition: DidCondition, setting: EventSetting): LabelSet {
	const { count } = condition;
	const selected = selectEvents(selectionOf(condition, setting), setting);
	if (count === undefined) return { sql: selected, complement: false };
	// Who has none is in no group: where none would do, the others are looked for.
	const complement = holdsForNone(count);
	const fits = compareSql("count(*)", count, setting.parameters);
	return {
		sql: `SELECT label FROM (${selected}) q GROUP BY label HAVING ${complement ? `NOT (${fits})` : fits}`,
		complement,
	};
}

/** Profiles by what a property of such events comes to. */
export function compileAggregate(condition: AggregateCondition, setting: EventSetting): LabelSet {
	const { agg, of, value } = condition;
	const place = propertyPlace(of, setting);
	const column = `${agg === "unique_count" ? place.identity : place.number} AS x`;
	const selection = { ...selectionOf(condition, setting), columns: [column], readsPayload: true };
	const result = compareSql(aggregateSql(agg, setting.dialect), value, setting.parameters);
	return {
		sql: `SELECT label FROM (${selectEvents(selection, setting)} ${setting.dialect.once}) q WHERE x IS NOT NULL
			GROUP BY label HAVING ${result}`,
		complement: false,
	};
}

function aggregateSql(agg: AggregateCondition["agg"], { sum }: SearchDialect): string {
	if (agg === "unique_count") return "count(DISTINCT x)";
	if (agg === "sum") return sum("x");
	return agg === "avg" ? `${sum("x")} / count(x)` : `${agg}(x)`;
}

function selectionOf(condition: { did: string; where?: Predicate } & Window, setting: EventSetting): EventSelection {
	const { did, where } = condition;
	return {
		events: `${setting.kept ? "TRUE" : isMeant(did, setting.parameters)} AND ${isInside(condition, setting)}`,
		payload: where && compilePredicate(where, setting),
	};
}

function holdsForNone(count: Comparison): boolean {
	if ("eq" in count) return count.eq === 0;
	if ("ne" in count) return count.ne !== 0;
	if ("gt" in count) return 0 > count.gt;
	if ("gte" in count) return 0 >= count.gte;
	return "lt" in count ? 0 < count.lt : 0 <= count.lte;
}
