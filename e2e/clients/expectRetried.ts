import { expect } from "vitest";
import type { Fault, FaultProxy } from "../support/startFaultProxy.ts";

/**
 * Every fault was met, the client came back with the same messages after each, and no sooner than it was told to.
 * What became of the events is asserted on the profile.
 */
export function expectRetried(proxy: FaultProxy, met: readonly Fault[], minimumWaitMs: number): void {
	expect(proxy.faults).toEqual([]);
	const failed = proxy.requests.filter((request) => request.status >= 400);
	expect(failed.map((request) => request.status)).toEqual(met.map((fault) => fault.status));
	for (const refusal of failed) {
		const again = proxy.requests.find(
			(request) => request.at > refusal.at && request.messageIds.some((id) => refusal.messageIds.includes(id)),
		);
		expect(again, `${refusal.path} was not tried again after ${refusal.status}`).toBeDefined();
		expect((again?.at ?? 0) - refusal.at).toBeGreaterThanOrEqual(minimumWaitMs);
	}
}
