import { setTimeout as sleep } from "node:timers/promises";

export interface ProfileView {
	id: string;
	identifiers: { type: string; value: string }[];
	pastIdentifiers: { type: string; value: string }[];
	traits: Record<string, unknown>;
	groups: { id: string; traits: Record<string, unknown> }[];
	eventCount: number;
}

export interface StoredEvent {
	type: string;
	event?: string;
	name?: string;
	messageId: string;
	userId?: string;
	anonymousId?: string;
	properties?: Record<string, unknown>;
	traits?: Record<string, unknown>;
	context: Record<string, unknown>;
}

/** The profile API as the tests ask it: nothing is asserted through any other door. */
export interface ProfileApi {
	/** By `type:value` or profile id; null when there is none. */
	find(ref: string): Promise<ProfileView | null>;
	/** All of a profile's events, oldest first, over as many pages as it takes. */
	events(ref: string): Promise<StoredEvent[]>;
	stats(): Promise<Record<string, number>>;
	/**
	 * The profile, as soon as it satisfies `check`: browsers and clients send in their own time. Rejects after 40 s with
	 * what is there instead.
	 */
	until(ref: string, check: (profile: ProfileView) => boolean): Promise<ProfileView>;
}

export function createProfileApi(url: string, secretKey: string): ProfileApi {
	const get = async (path: string) => {
		const response = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${secretKey}` } });
		if (response.status === 404) return null;
		if (!response.ok) throw new Error(`GET ${path} answered ${response.status}: ${await response.text()}`);
		return response.json();
	};
	const find = (ref: string): Promise<ProfileView | null> => get(`/v1/profiles/${encodeURIComponent(ref)}`);
	return {
		find,
		events: async (ref) => {
			const all: StoredEvent[] = [];
			let cursor = "";
			do {
				const page = await get(`/v1/profiles/${encodeURIComponent(ref)}/events?limit=1000&order=asc${cursor}`);
				if (!page) return all;
				all.push(...page.data);
				cursor = page.page.next ? `&cursor=${encodeURIComponent(page.page.next)}` : "";
			} while (cursor);
			return all;
		},
		stats: async () => (await get("/v1/stats")) ?? {},
		until: async (ref, check) => {
			const deadline = Date.now() + 40_000;
			for (;;) {
				const profile = await find(ref);
				if (profile && check(profile)) return profile;
				if (Date.now() > deadline)
					throw new Error(`${ref} did not become what was expected: ${JSON.stringify(profile)}`);
				await sleep(50);
			}
		},
	};
}
