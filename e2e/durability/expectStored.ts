import { expect } from "vitest";
import type { RunningCollector } from "../support/startCollector.ts";
import type { Writer } from "./createWriter.ts";

type Asked = Pick<RunningCollector, "profiles">;

/** Every event that was answered 200 before the fault is on its person's profile. */
export async function expectAcknowledged(collector: Asked, load: readonly Writer[], when: string) {
	for (const writer of load) {
		const stored = await storedIds(collector, writer);
		const lost = [...writer.acknowledged].filter((id) => !stored.has(id));
		expect(lost.length, `${writer.userId} lost ${lost.slice(0, 5)} ... ${when}`).toBe(0);
	}
}

/** After the rest was sent again, there is every event once: on the profile, in the list and in the counters. */
export async function expectExactly(collector: Asked, load: readonly Writer[]) {
	let total = 0;
	for (const writer of load) {
		const profile = await collector.profiles.find(`user_id:${writer.userId}`);
		if (writer.sent.size === 0) continue;
		const stored = await storedIds(collector, writer);
		expect([...writer.sent].filter((id) => !stored.has(id)).length, `${writer.userId} misses events`).toBe(0);
		expect(stored.size).toBe(writer.sent.size);
		expect(profile?.eventCount).toBe(writer.sent.size);
		expect(profile?.identifiers).toHaveLength(2);
		total += writer.sent.size;
	}
	expect((await collector.profiles.stats()).events).toBe(total);
}

async function storedIds(collector: Asked, writer: Writer): Promise<Set<string>> {
	const events = await collector.profiles.events(`user_id:${writer.userId}`);
	const ids = new Set(events.map((event) => event.messageId));
	expect(ids.size, `${writer.userId} has an event twice`).toBe(events.length);
	return ids;
}
