import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createRandom, testScale } from "../support/random.ts";
import { type RunningCollector, startCollector } from "../support/startCollector.ts";
import { createWriter, type Writer } from "./createWriter.ts";
import { expectAcknowledged, expectExactly } from "./expectStored.ts";

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
			await expectAcknowledged(collector, load, `after kill ${kill}`);
			for (const writer of load) await writer.resend();
			if (kill % 10 === 0) console.log(`${kill} of ${kills} kills, nothing lost`);
		}
		await expectExactly(collector, all);
		const cutOff = all.reduce((sum, writer) => sum + writer.cutOff(), 0);
		const acknowledged = all.reduce((sum, writer) => sum + writer.acknowledged.size, 0);
		console.log(`${kills} kills, ${acknowledged} events, ${cutOff} requests cut off`);
		expect(cutOff, "no request was ever cut off: the load is no load").toBeGreaterThan(0);
	},
	// A busy machine takes seconds to start the server again; a limit is for a hang, not for that.
	60_000 + kills * 30_000,
);
