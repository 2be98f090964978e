import { readFileSync } from "node:fs";
import { defaultIdentityConfig, type IdentityConfig } from "@selfsame/identity";
import type { JsonObject } from "@selfsame/protocol";
import type { SentEvent } from "./toAccepted.ts";

type Pair = [type: string, value: string];

/** A call of the profile API, made at its place in the order of arrival. */
export type ScenarioOperation = { messageId: string; timestamp: string } & (
	| { type: "$delete"; userId: string; suppress?: boolean }
	| { type: "$unmerge"; userId: string }
	| { type: "$unlink"; id: Pair; from: Pair }
);

/** One worked case of the identity rule. */
export interface Scenario {
	name: string;
	why: string;
	/** In the shape of the configuration file. */
	config?: Partial<IdentityConfig>;
	events: (SentEvent | ScenarioOperation)[];
	/** Whether every order of arrival gives `expect`. */
	permutable: boolean;
	expect: {
		profiles: { ids: Pair[]; traits: JsonObject; eventCount: number; pastIds?: Pair[] }[];
		notMerged?: [Pair, Pair][];
		groups?: { id: string; traits: JsonObject; memberCount: number }[];
		erasedEvents?: number;
		suppressedEvents?: number;
		unattributedEvents?: number;
	};
}

/** What `expect` is compared with, gathered from a reference, a store or a server. */
export interface Outcome {
	profiles: { ids: Pair[]; traits: JsonObject; eventCount: number; pastIds: Pair[] }[];
	groups: { id: string; traits: JsonObject; memberCount: number }[];
	erasedEvents: number;
	suppressedEvents: number;
	unattributedEvents: number;
}

const file = new URL("./fixtures/identity-scenarios.json", import.meta.url);
export const scenarios: Scenario[] = JSON.parse(readFileSync(file, "utf8"));

export function isOperation(step: SentEvent | ScenarioOperation): step is ScenarioOperation {
	return step.type.startsWith("$");
}

export function identityOf({ config }: Scenario): IdentityConfig {
	const identifiers = { ...defaultIdentityConfig.identifiers, ...config?.identifiers };
	return { ...defaultIdentityConfig, ...config, identifiers };
}

/** `expect` with its silences filled in: what it does not name is nothing, save groups. */
export function expectedOutcome({ expect }: Scenario): Outcome {
	return sorted({
		profiles: expect.profiles.map((profile) => ({ pastIds: [], ...profile })),
		groups: expect.groups ?? [],
		erasedEvents: expect.erasedEvents ?? 0,
		suppressedEvents: expect.suppressedEvents ?? 0,
		unattributedEvents: expect.unattributedEvents ?? 0,
	});
}

/** Orders of arrival to try: all of them up to five events, else 30 drawn with `random`. The given one is the first. */
export function arrivalOrders<T>(steps: readonly T[], permutable: boolean, random: () => number): T[][] {
	if (!permutable) return [[...steps]];
	if (steps.length <= 5) return permutations(steps);
	const orders = [[...steps], [...steps].reverse()];
	while (orders.length < 30) orders.push(shuffled(steps, random));
	return orders;
}

export function shuffled<T>(items: readonly T[], random: () => number): T[] {
	const result = [...items];
	for (let last = result.length - 1; last > 0; last -= 1) {
		const other = Math.floor(random() * (last + 1));
		[result[last], result[other]] = [result[other] as T, result[last] as T];
	}
	return result;
}

function permutations<T>(items: readonly T[]): T[][] {
	if (items.length <= 1) return [[...items]];
	return items.flatMap((item, index) => permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]));
}

/** In one order, whoever gathered it. */
export function sorted(outcome: Outcome): Outcome {
	const byText = (a: unknown, b: unknown) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
	return {
		...outcome,
		profiles: outcome.profiles
			.map((one) => ({ ...one, ids: [...one.ids].sort(byText), pastIds: [...one.pastIds].sort(byText) }))
			.sort((a, b) => byText(a.ids, b.ids)),
		groups: [...outcome.groups].sort((a, b) => byText(a.id, b.id)),
	};
}
