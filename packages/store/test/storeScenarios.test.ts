import type { Identifier } from "@selfsame/protocol";
import type { Store } from "@selfsame/store";
import { describe, expect, it } from "vitest";
import { createRandom } from "./random.ts";
import { readPages } from "./readStore.ts";
import {
	arrivalOrders,
	expectedOutcome,
	identityOf,
	isOperation,
	type Outcome,
	type Scenario,
	type ScenarioOperation,
	scenarios,
	sorted,
} from "./scenarios.ts";
import { openTempStore } from "./tempStore.ts";
import { toAccepted } from "./toAccepted.ts";

const toIdentifier = ([type, value]: [string, string]): Identifier => ({ type, value });

describe("worked cases of the identity rule, through the port", () => {
	it.each(scenarios)("$name: $why", async (scenario) => {
		const random = createRandom(1);
		const orders = arrivalOrders(scenario.events, scenario.permutable, random);
		for (const [index, steps] of orders.entries()) {
			const temp = await openTempStore(identityOf(scenario));
			try {
				await play(temp.store, steps, index === 0 ? () => 0 : random);
				if (index === orders.length - 1) await temp.reopen();
				expect(await readOutcome(temp.store, scenario), JSON.stringify(steps)).toEqual(expectedOutcome(scenario));
				for (const [a, b] of scenario.expect.notMerged ?? []) {
					const [one, other] = await Promise.all([a, b].map((pair) => temp.store.findProfile(toIdentifier(pair))));
					expect(one?.id).not.toBe(other?.id);
				}
			} finally {
				await temp.remove();
			}
		}
	});
});

/** Runs of events in batches; `random` draws the sizes, and zero sends them one by one. */
async function play(store: Store, steps: Scenario["events"], random: () => number): Promise<void> {
	let rest = steps;
	while (rest.length > 0) {
		const [first] = rest;
		if (first !== undefined && isOperation(first)) {
			await operate(store, first);
			rest = rest.slice(1);
			continue;
		}
		const until = rest.findIndex(isOperation);
		const size = 1 + Math.floor(random() * (until === -1 ? rest.length : until));
		const batch = rest.slice(0, size).filter((step) => !isOperation(step));
		await store.ingest(batch.map((sent) => toAccepted(sent, { source: "test", trust: "server" })));
		rest = rest.slice(size);
	}
}

async function operate(store: Store, operation: ScenarioOperation): Promise<void> {
	const by = { actor: "test", reason: "a test", at: Date.parse(operation.timestamp) };
	if (operation.type === "$delete") {
		const ref = { type: "user_id", value: operation.userId };
		await store.deleteProfile(ref, { suppress: operation.suppress ?? false, dryRun: false }, by);
	} else if (operation.type === "$unmerge") await store.correct({ kind: "unmerge", userId: operation.userId }, by);
	else {
		const [identifier, from] = [toIdentifier(operation.id), toIdentifier(operation.from)];
		await store.correct({ kind: "unlink", identifier, from }, by);
	}
}

async function readOutcome(store: Store, { expect: { groups = [] } }: Scenario): Promise<Outcome> {
	const profiles = await readPages((cursor) => store.listProfiles({ limit: 2, ...cursor }));
	const stats = await store.stats();
	const found = await Promise.all(groups.map(({ id }) => store.findGroup(id, { limit: 10 })));
	return sorted({
		profiles: profiles.map(({ identifiers, pastIdentifiers, traits, eventCount }) => ({
			ids: identifiers.map(({ type, value }) => [type, value]),
			pastIds: pastIdentifiers.map(({ type, value }) => [type, value]),
			traits,
			eventCount,
		})),
		groups: found.flatMap((group) =>
			group === null ? [] : [{ id: group.id, traits: group.traits, memberCount: group.memberCount }],
		),
		erasedEvents: stats.erased,
		suppressedEvents: stats.suppressed,
		unattributedEvents: stats.unattributed,
	});
}
