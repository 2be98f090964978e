import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { attacks } from "../support/abuse/attacks.ts";
import { createHonestSender } from "../support/abuse/createHonestSender.ts";
import { knowsMemory, peakMemory } from "../support/peakMemory.ts";
import { testScale } from "../support/random.ts";
import { type RunningCollector, startCollector } from "../support/startCollector.ts";

/** ms that each attack lasts. */
const duration = 700 * testScale();
const maxResident = 400;

let collector: RunningCollector;
beforeAll(async () => {
	collector = await startCollector();
});
afterAll(() => collector?.close());

describe("beside an attack from its own address", () => {
	test.each(attacks.map((attack) => [attack.name, attack] as const))(
		"%s: a sender with a key is never refused, and its events are stored once each",
		async (name, attack) => {
			const port = Number(new URL(collector.url).port);
			const { writeKey } = collector;
			const senders = Array.from({ length: 3 }, (_, at) =>
				createHonestSender({ port, writeKey, userId: `${name} ${at}`, every: 10 }),
			);
			// Known before the attack, as one that it comes upon; the last only comes while it is under way.
			for (const sender of senders.slice(0, 2)) await sender.run(1);
			const end = attack.start(port);
			const running = senders.map((sender) => sender.run());
			await sleep(duration);
			for (const sender of senders) sender.stop();
			await Promise.all(running);
			end();
			for (const { userId, acknowledged, refusals } of senders) {
				expect(refusals, userId).toEqual([]);
				const stored = (await collector.profiles.events(`user_id:${userId}`)).map(({ messageId }) => messageId);
				expect(stored.toSorted()).toEqual([...acknowledged].toSorted());
			}
		},
	);

	test.skipIf(!knowsMemory)("memory stays under 400 MB through all of them", () => {
		const peak = peakMemory(collector.pid());
		console.log(`${attacks.length} attacks: ${peak} MiB at the most`);
		expect(peak).toBeLessThan(maxResident);
	});
});
