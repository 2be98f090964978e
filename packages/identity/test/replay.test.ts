import { type Evidence, replay } from "@selfsame/identity";
import { describe, expect, it } from "vitest";

/** Identifiers by number: hundreds are users, thousands emails (two a profile), the rest anonymous ids. */
const kinds = {
	typeOf: (id: number) => (id >= 1_000 ? "email" : id >= 100 ? "user_id" : "anonymous_id"),
	limitOf: (type: string) => ({ user_id: 1, email: 2 })[type] ?? null,
};
const at = (timestamp: number, lead: number, ...others: number[]): Evidence => ({
	seq: timestamp,
	position: { timestamp, messageId: `m${timestamp}`, source: "s" },
	lead,
	others,
});
const spansOf = (evidence: Evidence[], id: number) =>
	replay(evidence, kinds)
		.spans.get(id)
		?.map(({ from, owner }) => [from?.timestamp ?? null, owner]);

describe("the rule, in order", () => {
	it("gives a device's whole history to its first user, and hands the device on from then", () => {
		expect(spansOf([at(2, 100, 1), at(4, 101, 1)], 1)).toEqual([
			[null, 100],
			[4, 101],
		]);
	});

	it("does not mind in which order evidence is given", () => {
		const evidence = [at(2, 100, 1), at(4, 101, 1), at(6, 100, 1), at(7, 100, 1)];
		expect(spansOf([...evidence].reverse(), 1)).toEqual(spansOf(evidence, 1));
	});

	it("unites what no limit keeps apart, earlier history included", () => {
		expect(spansOf([at(1, 1_000, 1), at(2, 1_000, 2), at(3, 100, 1_000)], 2)).toEqual([[null, 100]]);
	});

	it("refuses what does not fit, and says so", () => {
		const { refused, spans } = replay([at(1, 100, 1_000, 1_001), at(2, 100, 1_002), at(3, 1_002, 1)], kinds);
		expect(refused).toEqual([{ evidence: at(2, 100, 1_002), identifier: 1_002, reason: "limit" }]);
		expect(spans.get(1)).toEqual([{ from: null, owner: 1_002 }]);
	});

	it("moves one identifier alone where the whole would not fit", () => {
		const { refused, spans } = replay(
			[at(1, 1_000, 1), at(2, 1_001, 2), at(3, 1_002, 3), at(4, 1_000, 2), at(5, 1_000, 3)],
			kinds,
		);
		expect(refused).toEqual([{ evidence: at(5, 1_000, 3), identifier: 3, reason: "moved" }]);
		expect(spans.get(3)?.map(({ owner }) => owner)).toEqual([1_002, 1_000]);
	});
});
