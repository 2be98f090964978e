import type { AggregateCondition, DidCondition, Filter } from "@selfsame/protocol";
import { eventConditionsOf, propertyPathsOf, splitPath } from "@selfsame/protocol/filter";
import { ask } from "../../sql/search/ask.ts";
import { isMeant } from "../../sql/search/compileEvents.ts";
import { createParameters, type Parameters } from "../../sql/search/parameters.ts";
import type { KeptEvents, KeptSource } from "../../sql/search/searchDialect.ts";
import type { Work } from "../../sql/work.ts";
import { columnsInside, toPlace } from "./jsonPlace.ts";
import { tick } from "./tick.ts";

/** Events of one name, with a property of theirs, or none. */
interface Kept {
	did: string;
	path: string | null;
	/** Of its table and columns. */
	number: number;
	pages: number;
}

/** 128 MB: beyond that, what was not asked for longest goes. One alone may take half of it. */
const mostPages = 32_768;
/** So many rows are written between two looks at how much room they take. */
const slice = 4_096;
/** How many questions are remembered that were asked once, or are not worth to keep. */
const mostAsked = 1_000;

/** Of all temporary tables. */
function* usedPages(): Work<number> {
	const [all = 0] = yield* ask<number[]>("column", "PRAGMA temp.page_count");
	const [free = 0] = yield* ask<number[]>("column", "PRAGMA temp.freelist_count");
	return all - free;
}

const nameOf = ({ number }: Kept) => `kept_${number}`;

/**
 * Keeps what was asked of events in temporary tables: `kept_N (seq, lead, ts, type_N, value_N)` has a row for each event of
 * one name, with the JSON type and the value of one property, as `Place` wants them, or without. What is asked for once is
 * not worth the writing: a table is made when the same is asked for again, or another property of events of that name.
 */
export function createKeptEvents(most = mostPages): KeptEvents {
	/** Those asked for last stand last. */
	const kept = new Map<string, Kept>();
	const asked = new Set<string>();
	/** What is too large, or took too long to make. */
	const refused = new Set<string>();
	let made = 0;

	const keyOf = (did: string, path: string | null) => JSON.stringify([did, path]);
	const pathsOf = (condition: DidCondition | AggregateCondition): readonly (string | null)[] => {
		const paths = propertyPathsOf(condition);
		return paths.length === 0 ? [null] : paths;
	};

	function* remove(key: string): Work<void> {
		const one = kept.get(key);
		kept.delete(key);
		if (one) yield* ask("count", `DROP TABLE IF EXISTS ${nameOf(one)}`);
	}

	/** Drops what was not asked for longest until all fits, or this one, where it is too large; false: it is gone. */
	function* makeRoom(key: string, { pages }: Kept): Work<boolean> {
		if (pages > most / 2) {
			yield* remove(key);
			refused.add(key);
			return false;
		}
		let total = 0;
		for (const one of kept.values()) total += one.pages;
		for (const [other, one] of [...kept]) {
			if (total <= most) break;
			if (other === key) continue;
			yield* remove(other);
			total -= one.pages;
		}
		return true;
	}

	/** Adds events after a number, as far as there is room. */
	function* fill(key: string, one: Kept, after: number): Work<void> {
		const { sql, values } = selectEvents(one);
		let before = yield* usedPages();
		for (let last = after; ; ) {
			const rows = yield* ask<number>("count", `INSERT INTO ${nameOf(one)} ${sql}`, { ...values, last });
			one.pages += (yield* usedPages()) - before;
			if (!(yield* makeRoom(key, one)) || rows < slice) return;
			before = yield* usedPages();
			last = (yield* ask<number[]>("column", `SELECT max(seq) FROM ${nameOf(one)}`))[0] as number;
		}
	}

	function* make(did: string, path: string | null): Work<void> {
		const key = keyOf(did, path);
		// All events, and nothing of what is in them, would only be a copy.
		if (kept.has(key) || refused.has(key) || (did === "*" && path === null)) return;
		const one: Kept = { did, path, number: made++, pages: 0 };
		const columns = path === null ? "" : `, type_${one.number}, value_${one.number}`;
		// A search that takes too long on this is undone: the next one shall not try the same.
		refused.add(key);
		yield* ask(
			"count",
			`CREATE TEMP TABLE ${nameOf(one)} (seq INTEGER PRIMARY KEY, lead INTEGER, ts INTEGER${columns})`,
		);
		kept.set(key, one);
		yield* fill(key, one, -1);
		if (kept.has(key)) refused.delete(key);
	}

	/** The events of a name, with whichever property. */
	const anyOf = (did: string) => [...kept].find(([, one]) => one.did === did)?.[0];

	function find(key: string): Kept | undefined {
		const one = kept.get(key);
		if (!one) return;
		kept.delete(key);
		kept.set(key, one);
		return one;
	}

	return {
		*keep(filter: Filter) {
			const wanted = eventConditionsOf(filter).map((condition) => ({ did: condition.did, paths: pathsOf(condition) }));
			const again = wanted.filter(({ did }) => asked.has(keyOf(did, null)));
			const before = new Set(asked);
			for (const memory of [asked, refused]) if (memory.size > mostAsked) memory.clear();
			for (const { did, paths } of wanted) for (const path of [null, ...paths]) asked.add(keyOf(did, path));
			for (const { did, paths } of again) {
				const isSame = paths.every((path) => before.has(keyOf(did, path)));
				if (isSame) for (const path of paths) yield* make(did, path);
				if (!anyOf(did)) yield* make(did, null);
			}
		},

		sourceOf(condition): KeptSource | null {
			const found = new Map<string | null, Kept>();
			for (const path of pathsOf(condition)) {
				const one = find(keyOf(condition.did, path));
				if (one) found.set(path, one);
			}
			const isWhole = found.size === pathsOf(condition).length;
			if (found.size === 0) {
				const key = anyOf(condition.did);
				if (key === undefined) return null;
				found.set(null, find(key) as Kept);
			}
			const tables = [...found.values()].map(nameOf) as [string, ...string[]];
			const place = (path: string, parameters: Parameters) => {
				const one = found.get(path);
				return one ? placeOf(one, parameters) : null;
			};
			return { tables, isWhole: isWhole || propertyPathsOf(condition).length === 0, place };
		},

		*catchUp(seq) {
			for (const [key, one] of [...kept]) if (kept.has(key)) yield* fill(key, one, seq);
		},

		*drop() {
			for (const key of [...kept.keys()]) yield* remove(key);
		},
	};
}

function placeOf({ number }: Kept, parameters: Parameters) {
	const [type, value] = [`type_${number}`, `value_${number}`];
	return toPlace({ type, value, members: `json_each(${value})` }, parameters);
}

/** A query of the next events, after `:last`. */
function selectEvents({ did, path }: Kept) {
	const parameters = createParameters((name) => `:${name}`);
	const columns = ["e.seq", "e.lead", "e.ts"];
	if (path !== null) {
		const { type, value } = columnsInside("d.body", ["properties", ...splitPath(path)], parameters);
		columns.push(type, `CASE WHEN ${type} IN ('integer', 'real') THEN CAST(${value} AS REAL) ELSE ${value} END`);
	}
	const payloads = path === null ? "" : "LEFT JOIN event_payloads d ON d.seq = e.seq";
	const sql = `SELECT ${columns.join(", ")} FROM events e NOT INDEXED ${payloads}
		WHERE e.seq > :last AND ${tick("e.seq")} AND ${isMeant(did, parameters)} ORDER BY e.seq LIMIT ${slice}`;
	return { sql, values: parameters.values };
}
