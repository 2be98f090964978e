import type { IdentityConfig } from "@selfsame/identity";
import { IdentityRulesChangedError } from "../port.ts";
import { putMeta, readMeta } from "./meta.ts";
import { pluck, type Work } from "./work.ts";

/** The rules in one spelling, so that two sets can be compared. */
export function canonicalRules({ identifiers, blockedValues, maxUsersPerAnonymousId }: IdentityConfig): string {
	const types = Object.entries(identifiers).sort(([a], [b]) => (a < b ? -1 : 1));
	return JSON.stringify({
		identifiers: types.map(([type, { priority, limit }]) => [type, priority, limit]),
		blockedValues: [...new Set(blockedValues.map((value) => value.toLowerCase()))].sort(),
		maxUsersPerAnonymousId,
	});
}

/** A workspace's profiles stand on one set of rules; going on with another would mix two. */
export function* requireSameRules(config: IdentityConfig): Work<void> {
	const rules = canonicalRules(config);
	const stored = yield* readMeta("identity_rules");
	if (stored === rules) return;
	const isEmpty = (yield* pluck<number>("SELECT 1 FROM events LIMIT 1")) === undefined;
	if (stored !== undefined && !isEmpty) throw new IdentityRulesChangedError();
	yield* putMeta("identity_rules", rules);
}

/** The same for whoever only reads. */
export function* requireRules(config: IdentityConfig): Work<void> {
	if ((yield* readMeta("identity_rules")) !== canonicalRules(config)) throw new IdentityRulesChangedError();
}
