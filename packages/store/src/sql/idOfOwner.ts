import type { Ownership } from "./ownership.ts";
import type { ProfileReader } from "./profileReader.ts";
import { remember } from "./remember.ts";
import type { Work } from "./work.ts";

/** About 20 MB. */
const most = 100_000;

/** The id of the profile that an owner stands for; null where nothing is left to show. For a database that stands still. */
export function createIdOfOwner(ownership: Ownership, profiles: ProfileReader): (owner: number) => Work<string | null> {
	return remember(function* (owner: number) {
		return yield* profiles.idOf({ owned: yield* ownership.ownedBy(owner) });
	}, most);
}
