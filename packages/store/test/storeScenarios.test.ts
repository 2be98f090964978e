import type { Identifier, Profile } from "@selfsame/protocol";
import type { Store } from "@selfsame/store";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
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
	sorted,
} from "./scenarios.ts";
import { identifiersNamed, scenariosByConfig, withPrefix } from "./shareScenario.ts";
import { openTempStore, type TempStore } from "./tempStore.ts";
import { toAccepted } from "./toAccepted.ts";

type Counts = Pick<Outcome, "erasedEvents" | "suppressedEvents" | "unattributedEvents">;
const from = { source: "test", trust: "server" } as const;
const toIdentifier = ([type, value]: [string, string]): Identifier => ({ type, value });

describe.each(scenariosByConfig().map((group) => ({ group, config: JSON.stringify(group[0]?.config ?? {}) })))(
	"worked cases of the identity rule, through the port, with $config",
	({ group }) => {
		let temp: TempStore;
		const found = new Set<string>();
		beforeAll(async () => {
			temp = await openTempStore(identityOf(group[0] as Scenario));
		});
		afterAll(() => temp?.remove());

		it.each(group)("$name: $why", async (scenario) => {
			const random = createRandom(1);
			const orders = arrivalOrders(scenario.events, scenario.permutable, random);
			for (const [index, events] of orders.entries()) {
				const own = withPrefix({ ...scenario, events }, `${scenario.name}-${index}-`);
				const before = await readCounts(temp.store);
				await play(temp.store, own.events, index === 0 ? () => 0 : random);
				const counts = subtract(await readCounts(temp.store), before);
				const profiles = await findProfiles(temp.store, own);
				for (const { id } of profiles) found.add(id);
				const outcome = sorted({ ...(await toViews(temp.store, own, profiles)), ...counts });
				expect(outcome, JSON.stringify(own.events)).toEqual(expectedOutcome(own));
				await expectNotMerged(temp.store, own);
			}
		});

		it("and no other profile came to be, nor did one go when the file was closed and opened", async () => {
			for (let reopened = 0; reopened < 2; reopened += 1) {
				const listed = await readPages((cursor) => temp.store.listProfiles({ limit: 1_000, ...cursor }));
				expect(listed.map(({ id }) => id).sort()).toEqual([...found].sort());
				await temp.reopen();
			}
		});
	},
);

async function expectNotMerged(store: Store, { expect: { notMerged = [] } }: Scenario): Promise<void> {
	for (const [a, b] of notMerged) {
		const [one, other] = await Promise.all([a, b].map((pair) => store.findProfile(toIdentifier(pair))));
		expect(one?.id).not.toBe(other?.id);
	}
}

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
		await store.ingest(batch.map((sent) => toAccepted(sent, from)));
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
		const [identifier, other] = [toIdentifier(operation.id), toIdentifier(operation.from)];
		await store.correct({ kind: "unlink", identifier, from: other }, by);
	}
}

async function readCounts(store: Store): Promise<Counts> {
	const { erased, suppressed, unattributed } = await store.stats();
	return { erasedEvents: erased, suppressedEvents: suppressed, unattributedEvents: unattributed };
}

function subtract(after: Counts, before: Counts): Counts {
	return {
		erasedEvents: after.erasedEvents - before.erasedEvents,
		suppressedEvents: after.suppressedEvents - before.suppressedEvents,
		unattributedEvents: after.unattributedEvents - before.unattributedEvents,
	};
}

/** Every profile that holds an identifier which the events of this run name. */
async function findProfiles(store: Store, own: Scenario): Promise<Profile[]> {
	const profiles = await Promise.all(identifiersNamed(own).map((identifier) => store.findProfile(identifier)));
	return [...new Map(profiles.flatMap((profile) => (profile ? [[profile.id, profile] as const] : []))).values()];
}

async function toViews(store: Store, own: Scenario, profiles: readonly Profile[]) {
	const groups = await Promise.all((own.expect.groups ?? []).map(({ id }) => store.findGroup(id, { limit: 10 })));
	const pairs = (all: readonly Identifier[]) => all.map(({ type, value }): [string, string] => [type, value]);
	return {
		profiles: profiles.map(({ identifiers, pastIdentifiers, traits, eventCount }) => ({
			ids: pairs(identifiers),
			pastIds: pairs(pastIdentifiers),
			traits,
			eventCount,
		})),
		groups: groups.flatMap((group) =>
			group === null ? [] : [{ id: group.id, traits: group.traits, memberCount: group.memberCount }],
		),
	};
}
