import type { Sequence, Step } from "@selfsame/protocol";
import { durationOf } from "@selfsame/protocol/filter";
import {
	compileDid,
	compilePredicate,
	type EventSetting,
	isMeant,
	type LabelSet,
	propertyPlace,
	selectEvents,
} from "./compileEvents.ts";
import { type Parameters, total } from "./parameters.ts";
import type { SearchDialect } from "./searchDialect.ts";

/** Where the steps so far have led. */
interface State {
	/** A query of all events that matter, a row each, with a column for every step that was followed. */
	rows: string;
	/** The column that tells the events of the last `did` which fulfil all steps so far. */
	reached: string;
	/** How long after that event the last step ended, ms: a sum of `not_did` windows. */
	delay: number;
	/** The order of a profile's events, from its end. */
	lastFirst: string;
	/** The column with the place of the event that broke a `not_did` without an end; null where there was none. */
	brokenAt: string | null;
}

const before = "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING";

/**
 * Profiles whose events follow one another as asked. One row for each event that any step means, and for each step one
 * column more, which tells whether the row ends the steps so far: never a join of events with events, so that many events
 * cost no more than sorting them. The last step looks at the clock again; one more often would take a tenth more.
 */
export function compileSequence({ sequence }: Sequence, setting: EventSetting): LabelSet {
	const [first, ...rest] = sequence;
	if (rest.length === 0) return compileDid(first, setting);
	const { dialect, parameters } = setting;
	const writing: Writing = { dialect, bind: parameters.bind };
	const events = eventsOf(sequence, setting);
	const until = first.within === undefined ? "TRUE" : `ts <= ${parameters.bind(setting.now)}`;
	let state = begin(sequence, { events, first: `(m0 AND ${until})` }, setting);
	for (const [at, step] of rest.entries()) {
		const index = at + 1;
		if (state.reached === `a${index}`) continue;
		if (step.did !== undefined) state = follow(state, step, index, writing);
		else state = waitOut(state, step, { index, isLast: index === rest.length, now: setting.now }, writing);
	}
	return {
		sql: `SELECT label FROM (${state.rows}) q WHERE ${dialect.tick("label")} AND ${state.reached}`,
		complement: false,
		size: `SELECT count(*) FROM events e WHERE ${dialect.tick("e.seq")} AND ${events}`,
	};
}

const meansOf = (step: Step, parameters: Parameters) => isMeant((step.did ?? step.not_did) as string, parameters);

/** The condition that an event `e` matters to any step. Before the first step nothing does. */
function eventsOf([first, ...rest]: Sequence["sequence"], { now, parameters }: EventSetting): string {
	const means = [...new Set([first, ...rest].map((step) => meansOf(step, parameters)))].join(" OR ");
	if (first.within === undefined) return `(${means})`;
	return `(${means}) AND e.ts >= ${parameters.bind(now - durationOf(first.within))}`;
}

/**
 * What to select from. Columns: `label`, `ts`, `message_id`, `source`, `m0`, `m1`... whether a step means it, `v1`... what
 * it shares.
 */
function selectSteps(sequence: readonly Step[], events: string, setting: EventSetting): string {
	const columns = sequence.flatMap((step, index) => {
		const { where, same } = step;
		const means = meansOf(step, setting.parameters);
		const fits = where ? `${means} AND ${compilePredicate(where, setting)}` : means;
		const shared = same === undefined ? [] : [`${propertyPlace(same, setting).identity} AS v${index}`];
		return [`${total(fits)} AS m${index}`, ...shared];
	});
	const readsPayload = sequence.some(({ where, same }) => where !== undefined || same !== undefined);
	const selected = selectEvents(
		{
			columns: ["e.ts AS ts", "e.message_id AS message_id", "e.source AS source", ...columns],
			events,
			sliced: true,
			readsPayload,
		},
		setting,
	);
	const means = sequence.map((_, index) => `m${index}`);
	// What a step means is asked for here and there, and takes a look into the payload.
	return `(${selected} ${readsPayload ? setting.dialect.once : ""}) q WHERE ${means.join(" OR ")}`;
}

/**
 * The first step, with the second one where that is a `did`: it looks back in the order in which the places are counted,
 * so that the events, with their ids still, are sorted once for both.
 */
function begin(
	sequence: Sequence["sequence"],
	{ events, first }: { events: string; first: string },
	setting: EventSetting,
): State {
	const [, second, ...rest] = sequence as [Step, Step, ...Step[]];
	const order = `ORDER BY ts, message_id, source ${before}`;
	const columns = ["label", "ts", ...sequence.map((_, index) => `m${index}`)];
	for (const [index, step] of sequence.entries()) if ("same" in step) columns.push(`v${index}`);
	const isPlain = rest.length === 0;
	// Where more steps follow, ids are left behind, since whatever stands in a row is sorted along with it by each.
	if (!isPlain) columns.push(`count(*) OVER (PARTITION BY label ${order}) AS place`);
	else if (second.did === undefined) columns.push("message_id", "source");
	let reached = "a0";
	if (second.did === undefined) columns.push(`${first} AS a0`);
	else {
		const follows = followsAt(first, second, `OVER (${partOf(second, 1)} ${order})`, setting.parameters);
		columns.push(`${total(`m1 AND ${sharesAt(second, 1)} AND ${follows}`)} AS a1`);
		reached = "a1";
	}
	return {
		rows: `SELECT ${columns.join(", ")} FROM ${selectSteps(sequence as Step[], events, setting)}`,
		reached,
		lastFirst: isPlain ? "ts DESC, message_id DESC, source DESC" : "place DESC",
		delay: 0,
		brokenAt: null,
	};
}

interface Writing {
	dialect: SearchDialect;
	bind(value: number): string;
}

/** Whether any row of a window fulfils a condition. */
const some = (condition: string, over: string) => `max(CASE WHEN ${condition} THEN 1 END) ${over} = 1`;

/** Among which events a step looks: the profile's, or those that share a value as well. */
const partOf = ({ same }: Step, index: number) => `PARTITION BY label${same === undefined ? "" : `, v${index}`}`;

const sharesAt = ({ same }: Step, index: number) => (same === undefined ? "TRUE" : `v${index} IS NOT NULL`);

/** Whether an event before, in time, fulfils what comes before the step. */
function followsAt(reached: string, { within }: Step, over: string, { bind }: Pick<Writing, "bind">): string {
	if (within === undefined) return some(reached, over);
	return `max(CASE WHEN ${reached} THEN ts END) ${over} >= ts - ${bind(durationOf(within))}`;
}

function follow(state: State, step: Step, index: number, { dialect, bind }: Writing): State {
	const { reached, delay, brokenAt } = state;
	const part = partOf(step, index);
	const within = step.within === undefined ? null : durationOf(step.within);
	let { rows } = state;
	let follows: string;
	if (delay > 0) {
		const oldest = within === null ? "UNBOUNDED" : bind(delay + within);
		follows = some(
			reached,
			`OVER (${part} ORDER BY ts RANGE BETWEEN ${oldest} PRECEDING AND ${bind(delay + 1)} PRECEDING)`,
		);
	} else if (brokenAt !== null) {
		// Which event broke it and when the time is over: whichever comes first is the last place to go on from.
		const end =
			within === null
				? brokenAt
				: dialect.least(
						brokenAt,
						`max(place) OVER (PARTITION BY label ORDER BY ts RANGE BETWEEN CURRENT ROW AND ${bind(within)} FOLLOWING)`,
					);
		rows = `SELECT *, CASE WHEN ${reached} THEN ${end} END AS e${index} FROM (${rows}) q`;
		follows = `max(e${index}) OVER (${part} ORDER BY place ${before}) >= place`;
	} else follows = followsAt(reached, step, `OVER (${part} ORDER BY place ${before})`, { bind });
	return {
		rows: `SELECT *, ${total(`m${index} AND ${sharesAt(step, index)} AND ${follows}`)} AS a${index} FROM (${rows}) q`,
		reached: `a${index}`,
		lastFirst: state.lastFirst,
		delay: 0,
		brokenAt: null,
	};
}

function waitOut(
	state: State,
	step: Step,
	{ index, isLast, now }: { index: number; isLast: boolean; now: number },
	{ bind }: Writing,
): State {
	const { rows, reached, delay, lastFirst } = state;
	const part = partOf(step, index);
	const later = `OVER (${part} ORDER BY ${lastFirst} ${before})`;
	// No event shares a value with one that has none, so none can break the step.
	const matters = sharesAt(step, index);
	const next = (condition: string, more: Partial<State>): State => ({
		rows: `SELECT *, (${reached} AND ${condition}) AS a${index} FROM (${rows}) q`,
		reached: `a${index}`,
		lastFirst,
		delay,
		brokenAt: null,
		...more,
	});
	if (step.within === undefined) {
		if (isLast) return next(`NOT ${total(`${matters} AND ${some(`m${index}`, later)}`)}`, {});
		const place = `CASE WHEN ${matters} THEN min(CASE WHEN m${index} THEN place END) ${later} END`;
		const never = bind(Number.MAX_SAFE_INTEGER);
		return {
			...state,
			rows: `SELECT *, coalesce(${place}, ${never}) AS b${index} FROM (${rows}) q`,
			brokenAt: `b${index}`,
		};
	}
	const end = delay + durationOf(step.within);
	const broken =
		delay === 0
			? `min(CASE WHEN m${index} THEN ts END) ${later} <= ts + ${bind(end)}`
			: some(
					`m${index}`,
					`OVER (${part} ORDER BY ts RANGE BETWEEN ${bind(delay + 1)} FOLLOWING AND ${bind(end)} FOLLOWING)`,
				);
	return next(`ts + ${bind(end)} < ${bind(now)} AND NOT ${total(`${matters} AND ${broken}`)}`, { delay: end });
}
