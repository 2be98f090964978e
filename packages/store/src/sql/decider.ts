import {
	type Candidate,
	decideBatch,
	emptyFacts,
	type Facts,
	type IdentityConfig,
	type Plan,
	type Revision,
} from "@selfsame/identity";
import { createFactLoader, type LoadFacts } from "./factLoader.ts";
import { identifierFact, regionFact } from "./identifierRows.ts";
import type { Identifiers } from "./identifiers.ts";
import { type Incoming, toCandidates } from "./incoming.ts";
import { createPlanWriter } from "./planWriter.ts";
import type { Work } from "./work.ts";

/** How many identity decisions took which way since the start, and how many rows of evidence they read. */
export type DecisionCounts = Plan["counts"] & { evidenceRead: number };

export const noDecisions = (): DecisionCounts => ({ fast: 0, window: 0, rebuilt: 0, evidenceRead: 0 });

export interface DeciderDeps {
	config: IdentityConfig;
	identifiers: Identifiers;
	/** Added to by every decision. */
	counts: DecisionCounts;
	/** Loads facts; default: one statement for each. */
	load?: LoadFacts;
}

/** Decides about identity with what the database holds, in a transaction that the caller has begun. */
export function createDecider(deps: DeciderDeps) {
	const { config, identifiers, counts } = deps;
	const load = deps.load ?? createFactLoader(identifiers, counts);
	const planWriter = createPlanWriter(identifiers);

	/** What the facts come to, loading more of them until they suffice. */
	function* conclude(facts: Facts, candidates: readonly Candidate[], revision: Revision): Work<Plan> {
		let lastAsked = "";
		for (;;) {
			const { plan, needs } = decideBatch(facts, candidates, config, revision);
			if (plan) return plan;
			const asked = JSON.stringify(needs);
			// Asking twice for the same would go on for ever, with the database locked.
			if (asked === lastAsked) throw new Error(`identity asks in vain for ${asked}`);
			lastAsked = asked;
			yield* load(facts, needs);
		}
	}

	/** Decides what these events do to identity. The plan is to be written after the events. */
	function* decide(events: readonly Incoming[], revision: Revision = { regions: [], groups: [] }): Work<Plan> {
		const facts = emptyFacts();
		for (const { lead, others, alias } of events) {
			const rows = alias ? [lead, ...others, alias.previousUser, alias.previousAnonymous] : [lead, ...others];
			for (const row of rows) {
				if (!row || facts.identifiers.has(row.id)) continue;
				facts.identifiers.set(row.id, identifierFact(row));
				if (facts.regions.has(row.root)) continue;
				const root = identifiers.knownById(row.root) ?? (yield* identifiers.byId(row.root));
				facts.identifiers.set(root.id, identifierFact(root));
				facts.regions.set(root.id, regionFact(root));
			}
		}
		const plan = yield* conclude(facts, toCandidates(events), revision);
		for (const way of ["fast", "window", "rebuilt"] as const) counts[way] += plan.counts[way];
		return plan;
	}

	return {
		decide,
		...planWriter,
		/** Decides parts of identity anew and writes what comes of it. `at` is the commit's time, ms. */
		*revise(revision: Revision, at: number): Work<void> {
			yield* planWriter.write(yield* decide([], revision), at);
		},
	};
}

export type Decider = ReturnType<typeof createDecider>;
