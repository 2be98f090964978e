import { decideBatch, defaultIdentityConfig, emptyFacts, type Facts, type Need } from "@selfsame/identity";
import { describe, expect, it } from "vitest";

/** Of each person one user, of an even number, and the device after it. */
const isUser = (id: number) => id % 2 === 0;

function load(facts: Facts, { kind, id }: Need): void {
	if (kind === "identifier") {
		const type = isUser(id) ? "user_id" : "anonymous_id";
		facts.identifiers.set(id, {
			id,
			type,
			value: `${id}`,
			root: id,
			seen: true,
			believed: true,
			corrected: false,
			counted: false,
			aliased: false,
			fresh: false,
			seenWith: null,
			tail: null,
		});
	} else if (kind === "region") {
		const owner = isUser(id) ? null : id - 1;
		facts.regions.set(id, { root: id, state: "settled", owner, size: 1, limited: null, latest: null });
	} else if (kind === "members") facts.members.set(id, [id]);
	else if (kind === "aliases") facts.aliases.set(id, []);
	else if (kind === "evidence") {
		const position = { timestamp: id, messageId: `${id}`, source: "web" };
		facts.evidence.set(id, [{ seq: id, position, lead: id - 1, identifier: id, previous: false }]);
	} else throw new Error(`nobody needs ${kind} here`);
}

/** How often a decision about so many people asks for facts. */
function roundsFor(people: number): number {
	const facts = emptyFacts();
	const users = Array.from({ length: people }, (_, i) => 2 * i);
	const revision = { groups: users, regions: users.map((id) => id + 1) };
	for (let rounds = 0; ; rounds++) {
		const { plan, needs } = decideBatch(facts, [], defaultIdentityConfig, revision);
		if (plan) return rounds;
		for (const need of needs) load(facts, need);
	}
}

describe("deciding many people anew, as a purge does", () => {
	it("asks for what it needs of all of them at once, however many they are", () => {
		expect(roundsFor(1_000)).toBe(roundsFor(10));
	});
});
