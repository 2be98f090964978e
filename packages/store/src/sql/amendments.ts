import type { IdentityConfig } from "@selfsame/identity";
import type { Attribution, DeletionReceipt, ProfileRef } from "../port.ts";
import { createCorrections } from "./corrections.ts";
import { createCounters } from "./counters.ts";
import { createDecider, type DecisionCounts } from "./decider.ts";
import { createDeletion } from "./deletion.ts";
import type { Dialect } from "./dialect.ts";
import { createEventRemoval } from "./eventRemoval.ts";
import { createIdentifiers, type IdentifierIds } from "./identifiers.ts";
import type { KeyedHash } from "./keyedHash.ts";
import { createOwnership } from "./ownership.ts";
import { createProfileReader } from "./profileReader.ts";
import { createPurge } from "./purge.ts";
import { createTombstones } from "./tombstones.ts";
import type { Work } from "./work.ts";

export interface AmendmentsDeps {
	dialect: Dialect;
	config: IdentityConfig;
	hash: KeyedHash;
	/** How identifiers get their numbers. */
	ids: IdentifierIds;
	/** Added to by every decision. */
	counts: DecisionCounts;
	/** How many identifiers are kept in memory from one transaction to the next; default none are let go. */
	most?: number;
}

/**
 * Everything that changes what is stored already, and the parts of it that ingest needs too. Each change is to be run in
 * one transaction in which nobody else writes; it remembers what it read, so whoever cannot be sure that nobody else
 * wrote since makes it anew for each transaction.
 */
export function createAmendments({ dialect, config, hash, ids, counts, most }: AmendmentsDeps) {
	const identifiers = createIdentifiers({ config, hash, ids, ...(most === undefined ? {} : { most }) });
	const decider = createDecider({ config, identifiers, counts });
	const tombstones = createTombstones(hash);
	const counters = createCounters(dialect);
	const ownership = createOwnership();
	const profiles = createProfileReader(config, ownership);
	const removal = createEventRemoval({ dialect, identifiers, ownership, decider, tombstones });
	const deletion = createDeletion({ dialect, hash, ownership, removal, tombstones, counters });

	return {
		identifiers,
		decider,
		tombstones,
		counters,
		corrections: createCorrections(identifiers, decider),

		/** Null when there is no such profile. */
		*deleteProfile(
			ref: ProfileRef,
			options: { suppress: boolean; dryRun: boolean },
			attribution: Attribution,
		): Work<DeletionReceipt | null> {
			const id = yield* profiles.find(ref);
			return id === undefined ? null : yield* deletion.erase(id, options, attribution);
		},

		purge: createPurge({ removal, tombstones, counters }),

		/** Trusts nothing that was read so far: a transaction failed, or somebody else wrote. */
		forget(): void {
			identifiers.forget();
			counters.forget();
			tombstones.refresh();
		},
	};
}

export type Amendments = ReturnType<typeof createAmendments>;
