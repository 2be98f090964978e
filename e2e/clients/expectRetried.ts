import { expect } from "vitest";
import type { Fault, FaultProxy } from "../support/startFaultProxy.ts";

/**
 * Resolves once every fault was met and the client came back with the same messages after each, no sooner than it was
 * told to. What became of the events is asserted on the profile.
 */
export async function expectRetried(proxy: FaultProxy, met: readonly Fault[], minimumWaitMs: number): Promise<void> {
	const refused = () => proxy.requests.filter((request) => request.status >= 400);
	const waits = () =>
		refused().map((refusal) => {
			const again = proxy.requests.find(
				({ at, messageIds }) => at > refusal.at && messageIds.some((id) => refusal.messageIds.includes(id)),
			);
			return again ? again.at - refusal.at : null;
		});
	await expect
		.poll(() => refused().map(({ status }) => status), { timeout: 40_000 })
		.toEqual(met.map(({ status }) => status));
	await expect.poll(waits, { timeout: 40_000, message: "repeats of what was refused" }).not.toContain(null);
	for (const wait of waits()) expect(wait).toBeGreaterThanOrEqual(minimumWaitMs);
}
