import type { AggregateCondition, Comparison, DidCondition, Filter, Value } from "@selfsame/protocol";
import type { Work } from "../work.ts";
import type { Parameters } from "./parameters.ts";

/**
 * A JSON value as SQL expressions. The conditions are true where they hold; else they may be null as well as false, but
 * for those that say otherwise.
 */
export interface Place {
	/** That a value other than null stands there. */
	exists: string;
	/** The number that stands there, as a double; null for anything else. */
	number: string;
	/** What equal values share and others do not; null for no value. */
	identity: string;
	isSame(operand: Value): string;
	/** The same as one of them. */
	isAmong(operands: readonly Value[]): string;
	/** A number that compares so with another. */
	compares(comparison: Comparison): string;
	/** The instant that a text there names as an ISO 8601 date, ms; null for anything else. */
	instant(): string;
	/** A text that holds the operand, or an array with a member that is the same. */
	contains(operand: Value): string;
	/** A text that begins so. */
	starts(text: string): string;
}

/**
 * Where the traits are that searches have asked for, counted from 0. The statements take `:key` where they name it, and
 * run in their order.
 */
export interface TraitColumns {
	/**
	 * What to select from: the profiles `p`, with so many traits of theirs.
	 *
	 * @param by how to go through them, where that matters: in the order of their keys, so that a page may be found without
	 *   looking at all of them; or as their rows lie, which is faster where each row is looked at.
	 */
	from(traits: number, by?: "key" | "row"): string;
	add(trait: number, hasStretches: boolean): readonly string[];
	/** Fills it in for those whom the table `touched` names; of every database that can `catchUp`. */
	refill?(trait: number, hasStretches: boolean): readonly string[];
	/** Adds the instant that the trait's value names as a date. */
	addInstant(trait: number): readonly string[];
	refillInstant?(trait: number): readonly string[];
	/** Drops what does not go with the table `people`. */
	drop(trait: number): readonly string[];
	/** The place that keys lead to inside a trait of the profile `p`. */
	place(trait: number, keys: readonly string[], instant: () => void, parameters: Parameters): Place;
}

/** How a database tells whom the commits since a version were about. */
export interface CatchUp {
	/** What the queries below take, from an earlier value of `version`. */
	since(version: string): { readonly seq: number; readonly change: number };
	/** Selects a row where more happened than that events came. */
	isMore: string;
	/** Selects everybody who may be another than before, with all whom the tables named in one profile with them. */
	touched: string;
}

/**
 * What searches asked of events before, in tables of their own, so that a search that asks it again reads no other events
 * and no payloads. Events are never changed, so what is kept is only added to, until some are deleted.
 */
export interface KeptEvents {
	/** Keeps what a filter asks of events and one before it asked as well, as far as there is room. */
	keep(filter: Filter): Work<void>;
	/** Where the events that a condition means are kept; null: they are not. */
	sourceOf(condition: DidCondition | AggregateCondition): KeptSource | null;
	/** Adds events after a number, since nothing but events was committed. */
	catchUp(seq: number): Work<void>;
	drop(): Work<void>;
}

export interface KeptSource {
	/** Tables with the columns `seq`, `lead`, `ts`: each has a row for each of the events. */
	tables: readonly [string, ...string[]];
	/** Whether they hold all that the condition asks of the events; else the rest is in the payloads. */
	isWhole: boolean;
	/** The place of a property, in any of them; null: it is not kept. */
	place(path: string, parameters: Parameters): Place | null;
}

/** How a database says what searches ask. */
export interface SearchDialect {
	/** How a value is written in a text, given its name. */
	write(name: string, value: string | number): string;
	/** A condition that is always true, and ends a search whose time is over, where the database does not do that itself. */
	tick(row: string): string;
	/** A join that begins with what stands on the left, where the database has such a thing. */
	join: string;
	/** Joins to an event `e` the row `d`, whose `body` is its payload as a JSON document. */
	payloads: string;
	/** At the end of an inner query: what it selects is worked out once for each row, however often it is asked for. */
	once: string;
	least(a: string, b: string): string;
	/** That a label is in a table of labels. */
	isIn(label: string, table: string): string;
	/** The place that keys lead to inside a JSON document. */
	placeInside(document: string, keys: readonly string[], parameters: Parameters): Place;
	/** The sum of doubles `x`, with what rounding lost put back. */
	sum(x: string): string;
	traits: TraitColumns;
	types: { long: string; text: string; bytes: string };
	/** An event's place among those of its instant, as one value. */
	positionIn(row: string): string;
	/** Selects a value that changes with every commit that a search could see. */
	version: string;
	/** Left out: nothing is kept of what was asked of events. */
	createKeptEvents?(): KeptEvents;
	/** Left out: whenever anything was committed, the tables are made anew. */
	catchUp?: CatchUp;
	/** Run once the tables are filled. */
	settle: readonly string[];
}
