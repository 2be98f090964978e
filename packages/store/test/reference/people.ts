import type { IdentityConfig } from "@selfsame/identity";
import type { AcceptedEvent, Identifier } from "@selfsame/protocol";
import type { Position } from "./order.ts";
import type { Rules } from "./rules.ts";

/** An identifier of one generation: deleting a person gives the values they held to a fresh identifier. */
export interface Keyed extends Identifier {
	key: string;
}

/** One person held one identifier from one event to another; null is open. */
interface Span {
	key: string;
	from: Position | null;
	to: Position | null;
}

/** A profile while the events are processed. */
export interface Person {
	held: Map<string, Keyed>;
	/** Every ownership, past and present, of this profile and of those united with it. */
	spans: Span[];
	events: AcceptedEvent[];
}

/** Who holds what, and the ways that changes. */
export function createPeople(config: IdentityConfig, rules: Rules) {
	const people = new Set<Person>();
	const ownerOf = new Map<string, Person>();
	const countOf = (person: Person, type: string) => [...person.held.values()].filter((one) => one.type === type).length;
	const limitOf = (type: string) => config.identifiers[type]?.limit ?? null;

	function hold(person: Person, x: Keyed, from: Position | null): void {
		person.held.set(x.key, x);
		person.spans.push({ key: x.key, from, to: null });
		ownerOf.set(x.key, person);
	}

	function unite(into: Person, other: Person): void {
		for (const [key, x] of other.held) {
			into.held.set(key, x);
			ownerOf.set(key, into);
		}
		into.spans.push(...other.spans);
		into.events.push(...other.events);
		people.delete(other);
	}

	function move(from: Person, to: Person, x: Keyed, at: Position): void {
		for (const span of from.spans) if (span.key === x.key && span.to === null) span.to = at;
		from.held.delete(x.key);
		hold(to, x, at);
	}

	return {
		all: (): Person[] => [...people],

		/** Who holds it; a profile of its own when nobody does. */
		ownerOrNew(x: Keyed): Person {
			const owner = ownerOf.get(x.key);
			if (owner !== undefined) return owner;
			const person: Person = { held: new Map(), spans: [], events: [] };
			people.add(person);
			hold(person, x, null);
			return person;
		},

		/** Step 2 for one identifier; answers with a reason when the two did not become one. */
		link(person: Person, x: Keyed, at: Position): "limit" | "moved" | null {
			const owner = ownerOf.get(x.key);
			if (owner === person) return null;
			const xFits = rules.fits(countOf(person, x.type) + 1, limitOf(x.type));
			if (owner === undefined) {
				if (xFits) hold(person, x, null);
				return xFits ? null : "limit";
			}
			const unionFits = Object.keys(config.identifiers).every((type) =>
				rules.fits(countOf(person, type) + countOf(owner, type), limitOf(type)),
			);
			if (unionFits || rules.onConflict === "unite") {
				unite(person, owner);
				return null;
			}
			if (!xFits || rules.onConflict === "refuse") return "limit";
			move(owner, person, x, at);
			return "moved";
		},

		/** The layer above the rule: exempt from limits. */
		join(a: Keyed, b: Keyed): void {
			const [into, other] = [this.ownerOrNew(a), this.ownerOrNew(b)];
			if (into !== other) unite(into, other);
		},
	};
}
