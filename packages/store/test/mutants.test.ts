import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { comparable } from "./comparable.ts";
import { configs } from "./configs.ts";
import { mutants } from "./mutants.ts";
import { createReference } from "./reference/createReference.ts";
import { plainRules, type Rules } from "./reference/rules.ts";
import { instantiate, type Stream, streams } from "./streams.ts";

/** How many streams a wrong rule may survive. The default run of the property test plays as many. */
const mostSurvived = 600;
const sample = fc.sample(streams, { numRuns: mostSurvived, seed: 7 });

/** Plays a stream as the property test does, and tells whether anything it compares differs. */
function tellsApart(stream: Stream, config: (typeof configs)[string], broken: Rules): boolean {
	const [good, bad] = [createReference(config), createReference(config, { rules: broken })];
	for (const step of instantiate(stream, 0).steps) {
		const [expected, actual] = [good, bad].map((reference) => {
			if (step.kind === "events") return reference.receive(step.events);
			if (step.kind === "delete") return reference.deleteProfile(step.of, step);
			return reference.correct({ ...step.correction, at: step.at });
		});
		if (!isDeepStrictEqual(expected, actual)) return true;
	}
	const [expected, actual] = [good, bad].map((one) => [comparable(one.snapshot(), config), one.counts()]);
	return !isDeepStrictEqual(expected, actual);
}

describe("the comparison catches a broken rule:", () => {
	it.each(Object.entries(mutants))("%s", (_, broken) => {
		const all = Object.values(configs);
		const caught = sample.findIndex((stream, index) =>
			tellsApart(stream, all[index % all.length] as (typeof all)[number], { ...plainRules, ...broken }),
		);
		expect(caught, `survived ${mostSurvived} streams`).toBeGreaterThanOrEqual(0);
	});

	it("and finds nothing wrong with the true one", () => {
		const all = Object.values(configs);
		for (const [index, stream] of sample.entries()) {
			expect(tellsApart(stream, all[index % all.length] as (typeof all)[number], plainRules)).toBe(false);
		}
	});
});
