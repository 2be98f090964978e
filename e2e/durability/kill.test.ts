import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createRandom, testScale } from "../support/random.ts";
import { type RunningCollector, startCollector } from "../support/startCollector.ts";
import { createWriter, type Writer } from "./createWriter.ts";

const kills = Math.round(10 * testScale());
const writers = 6;

let collector: RunningCollector;
beforeAll(async () => {
	collector = await startCollector();
});
afterAll(() => collector?.close());

test(
	`kill -9, ${kills} times at random moments under load: what was answered 200 is there, and nothing twice`,
	async () => {
		const random = createRandom("kill -9");
		const all: Writer[] = [];
		for (let kill = 1; kill <= kills; kill++) {
			const load = Array.from({ length: writers }, (_, index) =>
				createWriter(collector, random, `writer-${kill}-${index}`),
			);
			all.push(...load);
			const running = load.map((writer) => writer.run());
			await sleep(random.between(20, 600));
			await collector.kill();
			for (const writer of load) writer.stop();
			await Promise.all(running);
			await collector.restart();
			await expectAcknowledged(load, `after kill ${kill}`);
			for (const writer of load) await writer.resend();
			if (kill % 10 === 0) console.log(`${kill} of ${kills} kills, nothing lost`);
		}
		await expectExactly(all);
		const cutOff = all.reduce((sum, writer) => sum + writer.cutOff(), 0);
		const acknowledged = all.reduce((sum, writer) => sum + writer.acknowledged.size, 0);
		console.log(`${kills} kills, ${acknowledged} events, ${cutOff} requests cut off`);
		expect(cutOff, "no request was ever cut off: the load is no load").toBeGreaterThan(0);
	},
	// A busy machine takes seconds to start the server again; a limit is for a hang, not for that.
	60_000 + kills * 30_000,
);

/** Every event that was answered 200 before the power went is on its person's profile. */
async function expectAcknowledged(load: Writer[], when: string) {
	for (const writer of load) {
		const stored = await storedIds(writer);
		const lost = [...writer.acknowledged].filter((id) => !stored.has(id));
		expect(lost.length, `${writer.userId} lost ${lost.slice(0, 5)} ... ${when}`).toBe(0);
	}
}

/** After the rest was sent again, there is every event once: on the profile, in the list and in the counters. */
async function expectExactly(load: Writer[]) {
	let total = 0;
	for (const writer of load) {
		const profile = await collector.profiles.find(`user_id:${writer.userId}`);
		if (writer.sent.size === 0) continue;
		const stored = await storedIds(writer);
		expect([...writer.sent].filter((id) => !stored.has(id)).length, `${writer.userId} misses events`).toBe(0);
		expect(stored.size).toBe(writer.sent.size);
		expect(profile?.eventCount).toBe(writer.sent.size);
		expect(profile?.identifiers).toHaveLength(2);
		total += writer.sent.size;
	}
	expect((await collector.profiles.stats()).events).toBe(total);
}

async function storedIds(writer: Writer): Promise<Set<string>> {
	const events = await collector.profiles.events(`user_id:${writer.userId}`);
	const ids = new Set(events.map((event) => event.messageId));
	expect(ids.size, `${writer.userId} has an event twice`).toBe(events.length);
	return ids;
}
