import { Analytics } from "@segment/analytics-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RunningCollector, startCollector } from "../support/startCollector.ts";
import { type Fault, startFaultProxy } from "../support/startFaultProxy.ts";
import { expectRetried } from "./expectRetried.ts";
import { expectStitched } from "./expectStitched.ts";

let collector: RunningCollector;
beforeAll(async () => {
	collector = await startCollector();
});
afterAll(() => collector?.close());

/** Six calls of one person; resolves once the client has let go of them. */
async function tellStory(host: string, name: string) {
	const analytics = new Analytics({ writeKey: collector.writeKey, host, flushAt: 3, flushInterval: 200 });
	const errors: unknown[] = [];
	analytics.on("error", (error) => errors.push(error));
	const anonymousId = `${name}-visitor`;
	const userId = `${name}-person`;
	analytics.page({ anonymousId, name: "Home", properties: { path: "/" } });
	analytics.track({ anonymousId, event: "Product Viewed", properties: { sku: "mug" } });
	analytics.identify({ anonymousId, userId, traits: { plan: "pro", seats: 3 } });
	analytics.track({ userId, event: "Order Completed", properties: { revenue: 24.5 } });
	analytics.group({ userId, groupId: `${name}-company`, traits: { size: 12 } });
	analytics.screen({ userId, name: "Receipt" });
	await analytics.closeAndFlush({ timeout: 60_000 });
	expect(errors).toEqual([]);
	return {
		userId,
		anonymousId,
		tracked: ["Product Viewed", "Order Completed"],
		eventCount: 6,
		traits: { plan: "pro", seats: 3 },
	};
}

test("calls become one stitched profile", async () => {
	const events = await expectStitched(collector.profiles, await tellStory(collector.url, "segment-node"));
	expect(events.map((event) => event.type).sort()).toEqual(["group", "identify", "page", "screen", "track", "track"]);
	expect(events.find((event) => event.event === "Order Completed")?.properties).toEqual({ revenue: 24.5 });
	const profile = await collector.profiles.find("user_id:segment-node-person");
	expect(profile?.groups).toMatchObject([{ id: "segment-node-company", traits: { size: 12 } }]);
});

test("an alias joins two users", async () => {
	const analytics = new Analytics({ writeKey: collector.writeKey, host: collector.url, flushInterval: 50 });
	analytics.track({ userId: "segment-old", event: "Before" });
	analytics.track({ userId: "segment-new", event: "After" });
	analytics.alias({ userId: "segment-new", previousId: "segment-old" });
	await analytics.closeAndFlush({ timeout: 60_000 });
	const profile = await collector.profiles.until("user_id:segment-new", (found) => found.eventCount === 3);
	expect((await collector.profiles.find("user_id:segment-old"))?.id).toBe(profile.id);
});

test("429 with Retry-After is waited out: nothing lost, nothing double", async () => {
	const proxy = await startFaultProxy(collector.url);
	const faults: Fault[] = [{ status: 429, retryAfter: 2, mode: "refuse" }];
	proxy.faults.push(...faults);
	const story = await tellStory(proxy.url, "segment-node-429");
	await expectRetried(proxy, faults, 1900);
	await expectStitched(collector.profiles, story);
	await proxy.close();
});

test("503, then an answer that got lost, then success: nothing lost, nothing double", async () => {
	const proxy = await startFaultProxy(collector.url);
	const faults: Fault[] = [
		{ status: 503, mode: "refuse" },
		{ status: 503, mode: "lose" },
	];
	proxy.faults.push(...faults);
	const before = (await collector.profiles.stats()).duplicates ?? 0;
	const story = await tellStory(proxy.url, "segment-node-503");
	await expectRetried(proxy, faults, 0);
	await expectStitched(collector.profiles, story);
	expect((await collector.profiles.stats()).duplicates).toBeGreaterThan(before);
	await proxy.close();
});
