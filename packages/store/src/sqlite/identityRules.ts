import type { IdentityConfig } from "@selfsame/identity";
import { IdentityRulesChangedError } from "../port.ts";
import type { SqliteDatabase } from "./openDatabase.ts";

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
export function requireSameRules(database: SqliteDatabase, config: IdentityConfig): void {
	const rules = canonicalRules(config);
	const stored = database.prepare("SELECT value FROM meta WHERE name = 'identity_rules'").pluck().get();
	if (stored === rules) return;
	const isEmpty = database.prepare("SELECT 1 FROM events LIMIT 1").get() === undefined;
	if (stored !== undefined && !isEmpty) throw new IdentityRulesChangedError();
	database.prepare("INSERT OR REPLACE INTO meta (name, value) VALUES ('identity_rules', ?)").run(rules);
}
