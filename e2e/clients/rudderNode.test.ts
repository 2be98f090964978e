import RudderAnalytics from "@rudderstack/rudder-sdk-node";
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

async function tellStory(dataPlaneUrl: string, name: string) {
	const client = new RudderAnalytics(collector.writeKey, { dataPlaneUrl, flushInterval: 200, logLevel: "error" });
	const anonymousId = `${name}-visitor`;
	const userId = `${name}-person`;
	client.page({ anonymousId, name: "Home", properties: { path: "/" } });
	client.track({ anonymousId, event: "Product Viewed", properties: { sku: "mug" } });
	client.identify({ anonymousId, userId, traits: { plan: "pro" } });
	client.track({ userId, event: "Order Completed", properties: { revenue: 24.5 } });
	client.group({ userId, groupId: `${name}-company`, traits: { size: 12 } });
	await new Promise<void>((resolve, reject) => {
		client.flush((error) => (error ? reject(error) : resolve()));
	});
	return {
		userId,
		anonymousId,
		tracked: ["Product Viewed", "Order Completed"],
		eventCount: 5,
		traits: { plan: "pro" },
	};
}

test("gzipped calls become one stitched profile", async () => {
	const story = await tellStory(collector.url, "rudder-node");
	const events = await expectStitched(collector.profiles, story);
	expect(events.map((event) => event.type).sort()).toEqual(["group", "identify", "page", "track", "track"]);
});

test("429 with Retry-After is waited out: nothing lost, nothing double", async () => {
	const proxy = await startFaultProxy(collector.url);
	const faults: Fault[] = [{ status: 429, retryAfter: 2, mode: "refuse" }];
	proxy.faults.push(...faults);
	const story = await tellStory(proxy.url, "rudder-node-429");
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
	const story = await tellStory(proxy.url, "rudder-node-503");
	await expectRetried(proxy, faults, 0);
	await expectStitched(collector.profiles, story);
	await proxy.close();
});
