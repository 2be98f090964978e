import { describe, expect, it } from "vitest";
import { createRandom } from "./random.ts";
import { createReference, type Reference } from "./reference/createReference.ts";
import {
	arrivalOrders,
	expectedOutcome,
	identityOf,
	isOperation,
	type Outcome,
	scenarios,
	sorted,
} from "./scenarios.ts";
import { toAccepted } from "./toAccepted.ts";

/** The reference itself must give every worked case, or comparing with it would prove nothing. */
describe("the reference", () => {
	it.each(scenarios)("$name: $why", (scenario) => {
		for (const steps of arrivalOrders(scenario.events, scenario.permutable, createRandom(1))) {
			const reference = createReference(identityOf(scenario));
			for (const step of steps) {
				const at = Date.parse(step.timestamp);
				if (!isOperation(step)) reference.receive([toAccepted(step, { source: "test", trust: "server" })]);
				else if (step.type === "$delete")
					reference.deleteProfile({ type: "user_id", value: step.userId }, { at, suppress: step.suppress ?? false });
				else if (step.type === "$unmerge") reference.correct({ kind: "unmerge", userId: step.userId, at });
				else {
					const [identifier, from] = [step.id, step.from].map(([type, value]) => ({ type, value }));
					if (identifier && from) reference.correct({ kind: "unlink", identifier, from, at });
				}
			}
			expect(outcomeOf(reference)).toEqual(expectedOutcome(scenario));
		}
	});
});

function outcomeOf(reference: Reference): Outcome {
	const { profiles, groups } = reference.snapshot();
	const { erased, suppressed, unattributed } = reference.counts();
	return sorted({
		profiles: profiles.map(({ profile }) => ({
			ids: profile.identifiers.map(({ type, value }) => [type, value]),
			pastIds: profile.pastIdentifiers.map(({ type, value }) => [type, value]),
			traits: profile.traits,
			eventCount: profile.eventCount,
		})),
		groups: groups.map(({ id, traits, members }) => ({ id, traits, memberCount: members.length })),
		erasedEvents: erased,
		suppressedEvents: suppressed,
		unattributedEvents: unattributed,
	});
}
