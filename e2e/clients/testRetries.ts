import { expect, test } from "vitest";
import type { RunningCollector } from "../support/startCollector.ts";
import { type Fault, startFaultProxy } from "../support/startFaultProxy.ts";
import { expectRetried } from "./expectRetried.ts";
import { expectStitched, type Story } from "./expectStitched.ts";

export interface Retries {
	/** Filled before the first test. */
	used: { collector: RunningCollector };
	/** Sets the people of these tests apart, such as `segment-node`. */
	name: string;
	/** Tells the client's story to a server under a name; `close` ends what it needs until its last event is through. */
	tell(url: string, name: string): Promise<Story & { close?: () => Promise<void> }>;
	/** What the server asks for with its 429, seconds, and the least that the client then waits, ms. */
	retryAfter: number;
	waits: number;
}

/** What every client that repeats has to live through: nothing lost, nothing double. */
export function testRetries({ used, name, tell, retryAfter, waits }: Retries): void {
	async function survive(suffix: string, faults: Fault[], leastWait: number): Promise<void> {
		const proxy = await startFaultProxy(used.collector.url);
		proxy.faults.push(...faults);
		const { close, ...story } = await tell(proxy.url, `${name}-${suffix}`);
		await expectRetried(proxy, faults, leastWait);
		await expectStitched(used.collector.profiles, story);
		await close?.();
		await proxy.close();
	}

	test("429 is repeated after a wait: nothing lost, nothing double", () =>
		survive("429", [{ status: 429, retryAfter, mode: "refuse" }], waits));

	test("503, then an answer that got lost, then success: nothing lost, nothing double", async () => {
		const before = (await used.collector.profiles.stats()).duplicates ?? 0;
		const refused: Fault = { status: 503, mode: "refuse" };
		await survive("503", [refused, { status: 503, mode: "lose" }], 0);
		expect((await used.collector.profiles.stats()).duplicates).toBeGreaterThan(before);
	});
}
