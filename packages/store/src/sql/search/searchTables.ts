import { createHash } from "node:crypto";
import type { IdentityConfig } from "@selfsame/identity";
import { parse } from "uuid";
import { profileIdOf } from "../hashes.ts";
import type { Ownership } from "../ownership.ts";
import type { ProfileReader } from "../profileReader.ts";
import type { Value, Work } from "../work.ts";
import { ask } from "./ask.ts";
import type { LabelQuery } from "./compileFilter.ts";
import { makePeople, remakePeople } from "./makePeople.ts";
import type { CatchUp, KeptEvents, SearchDialect } from "./searchDialect.ts";

/** How many sets of profiles and how many traits are kept ready between searches. */
const mostSets = 32;
const mostTraits = 64;
/** Of so few identifiers any part is worked out by itself. */
const fewIdentifiers = 1_000;

type Since = ReturnType<CatchUp["since"]>;

const noKeptEvents: KeptEvents = {
	*keep() {},
	sourceOf: () => null,
	*catchUp() {},
	*drop() {},
};

export interface SearchTablesDeps {
	dialect: SearchDialect;
	config: IdentityConfig;
	ownership: Ownership;
	profiles: ProfileReader;
	/** How many rows a query may hold in memory at once. */
	sliceRows: number;
}

/**
 * What searches look through, in this connection's own temporary tables: who owns what, one row for each profile, and the
 * traits that were asked for. It is worked out from the stored state, in time proportional to it, by the first search. A
 * search that finds that only events were committed since takes out whomever they could be about, and works those out
 * anew (see `CatchUp`); after anything else, and where that would be many, all is worked out again. Ingest does nothing
 * for it.
 *
 * - `owned (id, label)`: identifiers of one owner for all time. A label stands for a profile: see `Ownership`.
 * - `stretches (identifier, from..., to..., label)`: the others, whose owner depends on the position of the event.
 * - `people (label, key)`: the profiles. `key` is the uuid of the profile's id; null: not looked at yet, since the
 *   name must be chosen among several, or there may be nothing to show.
 * - traits: see `TraitColumns`.
 * - `set_N (label)`: the profiles that fulfil a condition on events.
 * - events that were asked about before: see `KeptEvents`.
 */
export function createSearchTables({ dialect, config, ownership, profiles, sliceRows }: SearchTablesDeps) {
	const traits = new Map<string, number>();
	const instants = new Set<number>();
	const sets = new Map<string, string>();
	/** What a filter needs beyond what is there: made by `fill`. */
	let wanted: (() => Work<unknown>)[] = [];
	let version: string | null = null;
	let made = 0;
	let hasStretches = false;
	let unnamed = 0;
	const kept = dialect.createKeptEvents?.() ?? noKeptEvents;
	/** How many identifiers there were when all was worked out. */
	let size = 0;

	function* runAll(statements: readonly string[], values: Readonly<Record<string, Value>>): Work<void> {
		for (const sql of statements) yield* ask("count", sql, values);
	}

	function* drop(): Work<void> {
		for (const table of sets.values()) yield* ask("count", `DROP TABLE IF EXISTS ${table}`);
		sets.clear();
	}

	/** Where to go on from, if since then nothing but events was committed. */
	function* onlyEventsSince(since: string | null): Work<Since | null> {
		const { catchUp: ways } = dialect;
		if (!ways || since === null) return null;
		const values = ways.since(since);
		return (yield* ask<number[]>("column", ways.isMore, values)).length > 0 ? null : values;
	}

	/** Works out anew whom the commits since were about; false: that is too many. */
	function* catchUp(values: Since): Work<boolean> {
		const { catchUp: ways, traits: columns, types } = dialect;
		if (!ways || !columns.refill || !columns.refillInstant) return false;
		yield* ask("count", "DROP TABLE IF EXISTS touched");
		yield* ask("count", `CREATE TEMP TABLE touched (id ${types.long} PRIMARY KEY)`);
		const most = Math.max(fewIdentifiers, Math.floor(size / 4));
		const touched = yield* ask<number>("count", `INSERT INTO touched ${ways.touched} LIMIT ${most + 1}`, values);
		if (touched > most) return false;
		yield* remakePeople(dialect, config);
		yield* countPeople();
		for (const [key, trait] of traits) yield* runAll(columns.refill(trait, hasStretches), { key });
		for (const trait of instants) yield* runAll(columns.refillInstant(trait), {});
		return true;
	}

	function* workOutAll(): Work<void> {
		for (const trait of traits.values()) yield* runAll(dialect.traits.drop(trait), {});
		traits.clear();
		instants.clear();
		yield* makePeople(dialect, config);
		[size = 0] = yield* ask<number[]>("column", "SELECT count(*) FROM owned");
		yield* countPeople();
	}

	function* countPeople(): Work<void> {
		hasStretches = (yield* ask<number[]>("column", "SELECT 1 FROM stretches LIMIT 1")).length > 0;
		[unnamed = 0] = yield* ask<number[]>("column", "SELECT count(*) FROM people WHERE key IS NULL");
	}

	function* fillSet(table: string, { sql, values, size }: LabelQuery): Work<void> {
		yield* ask("count", `CREATE TEMP TABLE ${table} (label ${dialect.types.long} PRIMARY KEY)`);
		// "WHERE true" tells SQLite that what follows belongs to the insertion.
		const fill = `INSERT INTO ${table} SELECT label FROM (${sql}) q WHERE true ON CONFLICT DO NOTHING`;
		if (size === undefined) {
			yield* ask("count", fill, values);
			return;
		}
		// Counting takes as long as looking for them: not where all events there are would fit.
		const [most = 0] = yield* ask<number[]>("column", "SELECT coalesce(max(seq), 0) FROM events");
		const [rows = 0] = most <= sliceRows ? [most] : yield* ask<number[]>("column", size, values);
		const slices = Math.ceil(rows / sliceRows);
		for (let slice = 0; slice < slices; slice++) yield* ask("count", fill, { ...values, slices, slice });
	}

	return {
		/** Makes the tables say what the database says, inside a transaction that the caller has begun. */
		*refresh(): Work<void> {
			wanted = [];
			const [current = ""] = yield* ask<string[]>("column", dialect.version);
			if (version === current && traits.size <= mostTraits) {
				if (sets.size > mostSets) yield* drop();
				return;
			}
			const since = yield* onlyEventsSince(version);
			version = null;
			yield* drop();
			yield* since === null ? kept.drop() : kept.catchUp(since.seq);
			const isDone = since !== null && traits.size <= mostTraits && (yield* catchUp(since));
			if (!isDone) yield* workOutAll();
			version = current;
		},

		/** Makes what was asked for since `refresh`. */
		*fill(): Work<void> {
			for (const make of wanted) yield* make();
			wanted = [];
		},

		keep: kept.keep,
		keptFor: kept.sourceOf,

		/** All there is counts for nothing any more: a search was cut off in the middle. */
		forget(): void {
			version = null;
		},

		dialect,
		hasStretches: () => hasStretches,
		/** What to select profiles `p` from. */
		from: (by?: "key" | "row") => dialect.traits.from(traits.size, by),

		/** Which of the traits one is; see `TraitColumns`. */
		traitOf(key: string): number {
			const known = traits.get(key);
			if (known !== undefined) return known;
			const trait = traits.size;
			traits.set(key, trait);
			wanted.push(() => runAll(dialect.traits.add(trait, hasStretches), { key }));
			return trait;
		},

		addInstant(trait: number): void {
			if (instants.has(trait)) return;
			instants.add(trait);
			wanted.push(() => runAll(dialect.traits.addInstant(trait), {}));
		},

		/** A table with the labels that a query selects. */
		tableOf(query: LabelQuery): string {
			const name = createHash("sha256")
				.update(JSON.stringify([query.sql, query.values]))
				.digest("hex");
			const known = sets.get(name);
			if (known) return known;
			const table = `set_${made++}`;
			sets.set(name, table);
			wanted.push(() => fillSet(table, query));
			return table;
		},

		/** Chooses the name of a profile that has several, or takes it out where there is nothing to show. */
		*name(label: number): Work<void> {
			const parts = { owned: yield* ownership.ownedBy(label) };
			const held = [];
			for (const row of yield* profiles.heldOf(parts)) if (yield* profiles.isSeen(row.id)) held.push(row);
			let hasEvents = false;
			for (const span of parts.owned) hasEvents ||= (yield* profiles.countIn(span)).count > 0;
			unnamed -= 1;
			if (!hasEvents || held.length === 0) {
				yield* ask("count", "DELETE FROM people WHERE label = ?", label);
				return;
			}
			const { type, value } = yield* profiles.naming(held);
			const id = profileIdOf({ type, value: value as string });
			const key = Buffer.from(parse(id.slice("pro_".length)));
			yield* ask("count", "UPDATE people SET key = ? WHERE label = ?", key, label);
		},

		/** Whether any profile has no name yet. */
		hasUnnamed: () => unnamed > 0,
	};
}
