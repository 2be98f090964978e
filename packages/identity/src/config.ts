/** One identifier type of a workspace. */
export interface IdentifierRule {
	/** Lower identifies better; the best of an event leads. `user_id` is 1, `anonymous_id` 100, others 2 to 99. */
	priority: number;
	/** How many identifiers of this type one profile may hold; null is no limit. */
	limit: number | null;
}

/** The identity rules of a workspace; the rule they configure is docs/decisions/identity-rule.md. */
export interface IdentityConfig {
	/** By type. `user_id` and `anonymous_id` are always in it. */
	identifiers: Readonly<Record<string, IdentifierRule>>;
	/** The workspace's own placeholders, besides the built-in ones. Compared case-insensitively. */
	blockedValues: readonly string[];
	/** An anonymous id seen with more different users than this identifies nobody. Default 20. */
	maxUsersPerAnonymousId: number;
	/** An identifier of a type with a limit, seen with more different users than this, identifies nobody. Default 100. */
	maxUsersPerIdentifier: number;
	/** A user seen with more identifiers of one type with a limit than this is linked with none of that type. Default 1,000. */
	maxIdentifiersPerUser: number;
}

export const defaultIdentityConfig: IdentityConfig = {
	identifiers: {
		user_id: { priority: 1, limit: 1 },
		anonymous_id: { priority: 100, limit: null },
	},
	blockedValues: [],
	maxUsersPerAnonymousId: 20,
	maxUsersPerIdentifier: 100,
	maxIdentifiersPerUser: 1_000,
};
