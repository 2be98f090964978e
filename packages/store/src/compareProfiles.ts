import type { Page, Profile } from "@selfsame/protocol";

/** A profile that is not the same on both sides. */
export interface Difference {
	id: string;
	/** As it is stored; null: it should not be. */
	stored: Profile | null;
	/** As the events make it; null: it should not be. */
	rebuilt: Profile | null;
}

export interface Comparison {
	profiles: number;
	differences: Difference[];
}

/** Whether profiles are what their events say. */
export interface VerifyReport extends Comparison {
	events: number;
}

/** All profiles of a database, in the order of their ids. */
export type AllProfiles = AsyncGenerator<Profile, undefined>;

/** Answers with a page of all profiles, in the order of their ids. */
export type ListProfiles = (query: { limit: number; cursor?: string }) => Page<Profile> | Promise<Page<Profile>>;

/** How many differences are found at the most; one is bad enough. */
const maxDifferences = 100;

/** Compares all profiles of two databases. Both come in the order of profile ids, so one walk finds what is different. */
export async function compareProfiles(stored: AllProfiles, rebuilt: AllProfiles): Promise<Comparison> {
	const differences: Difference[] = [];
	let profiles = 0;
	const next = async (side: AllProfiles) => (await side.next()).value;
	let [a, b] = [await next(stored), await next(rebuilt)];
	while ((a || b) && differences.length < maxDifferences) {
		profiles += 1;
		if (a && b && a.id === b.id) {
			if (JSON.stringify(a) !== JSON.stringify(b)) differences.push({ id: a.id, stored: a, rebuilt: b });
			[a, b] = [await next(stored), await next(rebuilt)];
		} else if (!b || (a && a.id < b.id)) {
			differences.push({ id: (a as Profile).id, stored: a ?? null, rebuilt: null });
			a = await next(stored);
		} else {
			differences.push({ id: b.id, stored: null, rebuilt: b });
			b = await next(rebuilt);
		}
	}
	for (const side of [stored, rebuilt]) await side.return(undefined);
	return { profiles, differences };
}

/** All that a listing has, a page at a time. */
export async function* profilesOf(list: ListProfiles): AllProfiles {
	let cursor: string | null | undefined;
	do {
		const page = await list({ limit: 500, ...(cursor ? { cursor } : {}) });
		yield* page.data;
		cursor = page.page.next;
	} while (cursor);
	return undefined;
}
