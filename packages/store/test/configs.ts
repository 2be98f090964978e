import { defaultIdentityConfig, type IdentifierRule, type IdentityConfig } from "@selfsame/identity";

const withRules = (
	rules: Record<string, IdentifierRule>,
	maxUsersPerAnonymousId = 20,
	maxUsersPerIdentifier = 100,
	maxIdentifiersPerUser = 1_000,
): IdentityConfig => ({
	identifiers: { ...defaultIdentityConfig.identifiers, ...rules },
	// In all of them: an unblocked value that is not a stream's own would join streams.
	blockedValues: ["DEV-tester"],
	maxUsersPerAnonymousId,
	maxUsersPerIdentifier,
	maxIdentifiersPerUser,
});

/** Small limits and few allowed users, so that a short stream meets every branch of the rule. */
export const configs: Record<string, IdentityConfig> = {
	"users and devices": withRules({}),
	"shared after one user": withRules({}, 1),
	"shared after two users": withRules({}, 2),
	"one email": withRules({ email: { priority: 2, limit: 1 } }),
	"two emails": withRules({ email: { priority: 2, limit: 2 } }, 2),
	"five emails": withRules({ email: { priority: 2, limit: 5 } }),
	"any emails": withRules({ email: { priority: 2, limit: null } }, 3),
	"one shop id": withRules({ shop_id: { priority: 10, limit: 1 }, device_id: { priority: 20, limit: null } }, 2),
	"email after shop id": withRules({ email: { priority: 50, limit: 1 }, shop_id: { priority: 3, limit: 1 } }),
	"equal priorities": withRules({ shop_id: { priority: 9, limit: 1 }, device_id: { priority: 9, limit: 1 } }),
	"all of one": withRules({
		email: { priority: 2, limit: 1 },
		shop_id: { priority: 10, limit: 1 },
		device_id: { priority: 20, limit: 1 },
	}),
	"one email, crowded after two": withRules({ email: { priority: 2, limit: 1 } }, 20, 100, 2),
	"two emails, shared after one user, crowded after one": withRules({ email: { priority: 2, limit: 2 } }, 2, 1, 1),
	"all of one, shared and crowded after two": withRules(
		{
			email: { priority: 2, limit: 1 },
			shop_id: { priority: 10, limit: 1 },
			device_id: { priority: 20, limit: 2 },
		},
		2,
		2,
		2,
	),
	"two shop ids, shared after two": withRules(
		{ shop_id: { priority: 10, limit: 2 }, device_id: { priority: 20, limit: null } },
		20,
		2,
		1,
	),
	"all, two each, shared after two": withRules(
		{
			email: { priority: 2, limit: 2 },
			shop_id: { priority: 10, limit: 2 },
			device_id: { priority: 20, limit: 2 },
		},
		2,
	),
};
