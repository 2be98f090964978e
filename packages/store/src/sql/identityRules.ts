import type { IdentityConfig } from "@selfsame/identity";
import { IdentityRulesChangedError } from "../port.ts";
import type { Decider } from "./decider.ts";
import { putMeta, readMeta } from "./meta.ts";
import { all, column, pluck, type Work } from "./work.ts";

/** The rules in one spelling, so that two sets can be compared. */
export function canonicalRules(config: IdentityConfig): string {
	const { maxUsersPerIdentifier, maxIdentifiersPerUser } = config;
	return JSON.stringify({ ...rulesBeforeCrowds(config), maxUsersPerIdentifier, maxIdentifiersPerUser });
}

/** What an older version notes, which knows neither crowded users nor shared identifiers other than devices. */
function rulesBeforeCrowds({ identifiers, blockedValues, maxUsersPerAnonymousId }: IdentityConfig): object {
	const types = Object.entries(identifiers).sort(([a], [b]) => (a < b ? -1 : 1));
	return {
		identifiers: types.map(([type, { priority, limit }]) => [type, priority, limit]),
		blockedValues: [...new Set(blockedValues.map((value) => value.toLowerCase()))].sort(),
		maxUsersPerAnonymousId,
	};
}

const isBeforeCrowds = (stored: string | undefined, config: IdentityConfig) =>
	stored === JSON.stringify(rulesBeforeCrowds(config));

/**
 * A workspace's profiles stand on one set of rules; going on with another would mix two. One that an older version wrote
 * is let through: `bringRulesUpToDate` makes it stand on these.
 */
export function* requireSameRules(config: IdentityConfig): Work<void> {
	const rules = canonicalRules(config);
	const stored = yield* readMeta("identity_rules");
	if (stored === rules || isBeforeCrowds(stored, config)) return;
	const isEmpty = (yield* pluck<number>("SELECT 1 FROM events LIMIT 1")) === undefined;
	if (stored !== undefined && !isEmpty) throw new IdentityRulesChangedError();
	yield* putMeta("identity_rules", rules);
}

/** The same for whoever only reads. */
export function* requireRules(config: IdentityConfig): Work<void> {
	const stored = yield* readMeta("identity_rules");
	if (stored !== canonicalRules(config) && !isBeforeCrowds(stored, config)) throw new IdentityRulesChangedError();
}

const whereOrderCounts = "SELECT id FROM identifiers WHERE root = id AND limited IS NOT NULL AND state IN (1, 2)";
const seenTogether = `adjacent_users a JOIN identifiers i ON i.id = a.identifier
	WHERE a.direct > 0 AND i.type <> 'anonymous_id'`;
const manyUsers = `SELECT a.identifier FROM ${seenTogether} GROUP BY a.identifier HAVING count(*) > ?`;
const manyIdentifiers = `SELECT a."user", i.type FROM ${seenTogether} GROUP BY a."user", i.type HAVING count(*) > ?`;
const identifiersOf = `SELECT a.identifier FROM ${seenTogether} AND a."user" = ? AND i.type = ?`;

/**
 * Decides anew, in a workspace that an older version wrote, what crowded users and shared identifiers change (step 5 of
 * the rule), and everything of which it was not noted how near it is to a limit. Inside a transaction in which nobody else
 * writes.
 */
export function* bringRulesUpToDate(config: IdentityConfig, decider: Decider, at: number): Work<void> {
	if (!isBeforeCrowds(yield* readMeta("identity_rules"), config)) return;
	const regions = new Set(yield* column<number>(whereOrderCounts));
	for (const id of yield* column<number>(manyUsers, config.maxUsersPerIdentifier)) regions.add(id);
	const crowded = yield* all<{ user: number; type: string }>(manyIdentifiers, config.maxIdentifiersPerUser);
	for (const { user, type } of crowded) {
		for (const id of yield* column<number>(identifiersOf, user, type)) regions.add(id);
	}
	if (regions.size > 0) yield* decider.revise({ regions: [...regions], groups: [] }, at);
	yield* putMeta("identity_rules", canonicalRules(config));
}
