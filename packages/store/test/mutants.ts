import { compareBytes } from "./reference/order.ts";
import { plainRules, type Rules } from "./reference/rules.ts";

/** Ways to get the rule wrong, each of which has been somebody's product. */
export const mutants: Record<string, Partial<Rules>> = {
	"limits are ignored": { fits: () => true },
	"limits are one too generous": { fits: (count, limit) => limit === null || count <= limit + 1 },
	"two people become one when the union breaks a limit": { onConflict: "unite" },
	"what would break a limit does not move": { onConflict: "refuse" },
	"arrival order wins": { order: () => 0 },
	"ties are broken by arrival, not by messageId": { order: (a, b) => a.timestamp - b.timestamp },
	"messageIds are compared as UTF-16": {
		order: (a, b) =>
			a.timestamp - b.timestamp ||
			(a.messageId < b.messageId ? -1 : a.messageId > b.messageId ? 1 : compareBytes(a.source, b.source)),
	},
	"no anonymous id is ever shared": { isShared: () => false },
	"an anonymous id is shared one user too early": { isShared: (users, most) => users >= most },
	"nobody is ever crowded": { isCrowded: () => false },
	"a user is crowded one identifier too early": { isCrowded: (identifiers, most) => identifiers >= most },
	"previousId is always a user": { previousIdIs: () => "user" },
	"previousId is anonymous when it ever was": {
		previousIdIs: ({ asAnonymous }) => (asAnonymous ? "anonymous" : "user"),
	},
	"a stranger's userId tells what a believed alias means": { tellsUser: () => true },
	"nobody's unproven userId tells what a client's alias means": {
		tellsUser: ({ trust, proven }) => trust === "server" || proven !== false,
	},
	"what an older version stored proves nothing": {
		tellsUser: ({ trust, proven }, alias) => alias.trust === "client" || trust === "server" || proven === true,
	},
	"a client source joins users": { mayJoinUsers: () => true },
	"unmerge looks at userId only": {
		isUnmerged: (event, names, correction) => plainRules.isUnmerged(event, names.slice(0, 1), correction),
	},
	"unmerge cuts newer aliases too": {
		isUnmerged: (_event, names, correction) => correction.kind === "unmerge" && names.includes(correction.userId),
	},
	"corrections reach as far as now": { reachOf: (at) => at },
	"corrections hold for ever": { reachOf: () => Number.POSITIVE_INFINITY },
	"unlink works one way only": {
		isUnlinked: (event, lead, other, correction) =>
			correction.kind === "unlink" &&
			lead.type === correction.identifier.type &&
			lead.value === correction.identifier.value &&
			plainRules.isUnlinked(event, lead, other, correction),
	},
	"tombstones are ignored": { isErased: () => false },
	"a tombstone has no spans": {
		isErased: (event, key, tombstone) => plainRules.isErased(event, key, { ...tombstone, from: null, to: null }),
	},
	"a deletion does not start anew": { deletionStartsAnew: false },
	"a null trait is forgotten": { remembersNull: false },
	"the oldest trait wins": { traitOrder: (a, b) => plainRules.traitOrder(b, a) },
};
