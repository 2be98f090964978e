import type { IdentityConfig } from "@selfsame/identity";
import type { Profile } from "@selfsame/protocol";
import type { Snapshot } from "./reference/createReference.ts";
import { compareBytes } from "./reference/order.ts";
import { comparePast } from "./reference/toProfiles.ts";

/** A profile with what has no agreed order put into one. */
export function comparableProfile(profile: Profile, config: IdentityConfig): Profile {
	return {
		...profile,
		pastIdentifiers: [...profile.pastIdentifiers].sort(comparePast(config)),
		groups: [...profile.groups].sort((a, b) => compareBytes(a.id, b.id)),
	};
}

/** The same snapshot with what has no agreed order put into one, so that a plain comparison tells the difference. */
export function comparable(snapshot: Snapshot, config: IdentityConfig): Snapshot {
	return {
		holders: snapshot.holders,
		profiles: snapshot.profiles.map((state) => ({ ...state, profile: comparableProfile(state.profile, config) })),
		// A group without a member and without a trait leaves nothing to be asked about.
		groups: snapshot.groups.filter(({ traits, members }) => members.length > 0 || Object.keys(traits).length > 0),
	};
}
