import type { Identifier, Page, Profile, TraitWrite } from "@selfsame/protocol";
import type { AsOf, Store } from "@selfsame/store";
import type { Snapshot } from "./reference/createReference.ts";
import { compareBytes } from "./reference/order.ts";
import { nameOf, type ProfileState } from "./reference/toProfiles.ts";

/** What to ask a store for. */
export interface Questions {
	identifiers: readonly Identifier[];
	groups: readonly string[];
	traits: readonly string[];
}

/** Small, so that lists are read over several pages. */
const limit = 5;

/** Reads from a store, through its port alone, what a reference says of the same events. */
export async function readStore(store: Store, questions: Questions, at: AsOf = {}): Promise<Snapshot> {
	const found = await findProfiles(store, questions.identifiers, at);
	const profiles = [...new Map(found.map(({ profile, identifier }) => [profile.id, { profile, identifier }])).values()];
	const states = profiles.map(({ profile, identifier }) =>
		readProfile(store, profile, identifier, questions.traits, at),
	);
	return {
		holders: toHolders(found),
		profiles: (await Promise.all(states)).sort((a, b) => compareBytes(a.profile.id, b.profile.id)),
		groups: at.asOf === undefined ? await readGroups(store, questions.groups) : [],
	};
}

/** Only who holds what, and each profile without what hangs on it: for looking often. */
export async function glanceAtStore(store: Store, { identifiers }: Questions): Promise<Glance> {
	const found = await findProfiles(store, identifiers, {});
	return { holders: toHolders(found), profiles: Object.fromEntries(found.map(({ profile }) => [profile.id, profile])) };
}

export interface Glance {
	holders: Snapshot["holders"];
	/** By id. */
	profiles: Record<string, Profile>;
}

interface Found {
	identifier: Identifier;
	profile: Profile;
}

async function findProfiles(store: Store, identifiers: readonly Identifier[], at: AsOf): Promise<Found[]> {
	const all = identifiers.map(async (identifier) => ({ identifier, profile: await store.findProfile(identifier, at) }));
	return (await Promise.all(all)).flatMap(({ identifier, profile }) => (profile ? [{ identifier, profile }] : []));
}

function toHolders(found: readonly Found[]): Snapshot["holders"] {
	return Object.fromEntries(found.map(({ identifier, profile }) => [nameOf(identifier), profile.id]));
}

async function readProfile(
	store: Store,
	profile: Profile,
	ref: Identifier,
	traits: readonly string[],
	at: AsOf,
): Promise<ProfileState> {
	const events = await readPages((cursor) => store.listEvents(ref, { limit, order: "asc", ...at, ...cursor }));
	const history: Record<string, TraitWrite[]> = {};
	for (const key of traits) {
		const writes = await readPages((cursor) => store.traitHistory(ref, key, { limit, ...at, ...cursor }));
		if (writes.length > 0) history[key] = writes;
	}
	const identity = await store.explainIdentity(ref, at);
	const refused = (identity?.refused ?? []).map(
		({ identifier, from, reason, source, messageId }) =>
			`${nameOf(identifier)} from ${nameOf(from)}: ${reason} (${source}/${messageId})`,
	);
	return {
		profile,
		events: events.map(({ source, messageId }) => `${source}/${messageId}`),
		history,
		refused: refused.sort(compareBytes),
	};
}

async function readGroups(store: Store, ids: readonly string[]): Promise<Snapshot["groups"]> {
	const groups: Snapshot["groups"] = [];
	for (const id of [...ids].sort(compareBytes)) {
		const group = await store.findGroup(id, { limit });
		if (group === null) continue;
		const members = await readPages(
			async (cursor) => (await store.findGroup(id, { limit, ...cursor }))?.members ?? null,
		);
		groups.push({ id, traits: group.traits, members: members.map((member) => member.id).sort(compareBytes) });
	}
	return groups;
}

/** All of a list; null counts as empty. */
export async function readPages<T>(read: (cursor: { cursor?: string }) => Promise<Page<T> | null>): Promise<T[]> {
	const all: T[] = [];
	let cursor: { cursor?: string } = {};
	for (;;) {
		const found = await read(cursor);
		if (found === null) return all;
		all.push(...found.data);
		if (found.page.next === null) return all;
		cursor = { cursor: found.page.next };
	}
}
