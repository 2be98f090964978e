import { expect } from "vitest";
import type { ProfileApi, StoredEvent } from "../support/profileApi.ts";

export interface Story {
	userId: string;
	anonymousId: string;
	/** The names of the track events, before and after the sign-in, in any order. */
	tracked: string[];
	/** How many events in all. */
	eventCount: number;
	traits: Record<string, unknown>;
}

/** One person, reachable by either identifier, with every event of the story exactly once. */
export async function expectStitched(profiles: ProfileApi, story: Story): Promise<StoredEvent[]> {
	const ref = `user_id:${story.userId}`;
	const profile = await profiles.until(ref, (found) => found.eventCount >= story.eventCount);
	expect(profile.eventCount).toBe(story.eventCount);
	expect(profile.identifiers.map(({ type, value }) => `${type}:${value}`).sort()).toEqual([
		`anonymous_id:${story.anonymousId}`,
		ref,
	]);
	expect(profile.traits).toMatchObject(story.traits);
	expect((await profiles.find(`anonymous_id:${story.anonymousId}`))?.id).toBe(profile.id);
	const events = await profiles.events(ref);
	expect(new Set(events.map((event) => event.messageId)).size).toBe(story.eventCount);
	expect(events.flatMap((event) => event.event ?? []).sort()).toEqual([...story.tracked].sort());
	return events;
}
