import type { Identifier } from "@selfsame/protocol";
import { evidenceOf, isBlocked } from "./reference/evidence.ts";
import { identityOf, isOperation, type Scenario, scenarios } from "./scenarios.ts";
import { toAccepted } from "./toAccepted.ts";

/** Scenarios by the configuration they ask for: those of one can share a database, which is slow to open. */
export function scenariosByConfig(): Scenario[][] {
	const groups = new Map<string, Scenario[]>();
	for (const scenario of scenarios) {
		const key = JSON.stringify(scenario.config ?? {});
		groups.set(key, [...(groups.get(key) ?? []), scenario]);
	}
	return [...groups.values()];
}

const named = new Set(["userId", "anonymousId", "previousId", "groupId", "messageId", "email"]);

/**
 * The same scenario with values of its own, so that many runs share a database without meeting. Placeholders stay what
 * they are.
 */
export function withPrefix(scenario: Scenario, prefix: string): Scenario {
	const config = identityOf(scenario);
	const own = (value: unknown) =>
		typeof value === "string" && !isBlocked(value, config) ? `${prefix}${value}` : value;
	const ownPair = ([type, value]: [string, string]) => [type, own(value)];
	const text = JSON.stringify(scenario, function (this: unknown, key, value) {
		if (named.has(key)) return own(value);
		if (key === "id" || key === "from") return Array.isArray(value) ? ownPair(value as [string, string]) : own(value);
		if (key === "ids" || key === "pastIds") return value.map(ownPair);
		if (key === "notMerged") return value.map((pairs: [string, string][]) => pairs.map(ownPair));
		return value;
	});
	return JSON.parse(text);
}

/** Every identifier that the events of a scenario name, each once. */
export function identifiersNamed(scenario: Scenario): Identifier[] {
	const config = identityOf(scenario);
	const sent = scenario.events.filter((step) => !isOperation(step));
	const named = sent.flatMap((event) => {
		const { identifiers, previousId } = evidenceOf(toAccepted(event, { source: "test", trust: "server" }), config);
		return previousId === undefined ? identifiers : [...identifiers, { type: "user_id", value: previousId }];
	});
	return [...new Map(named.map((identifier) => [JSON.stringify(identifier), identifier])).values()];
}
