import RudderAnalytics from "@rudderstack/rudder-sdk-node";
import { expect, test } from "vitest";
import { useCollector } from "../support/useCollector.ts";
import { expectStitched } from "./expectStitched.ts";
import { testRetries } from "./testRetries.ts";

const used = useCollector();

async function tellStory(dataPlaneUrl: string, name: string) {
	const client = new RudderAnalytics(used.collector.writeKey, { dataPlaneUrl, flushInterval: 200, logLevel: "error" });
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
	const story = await tellStory(used.collector.url, "rudder-node");
	const events = await expectStitched(used.collector.profiles, story);
	expect(events.map((event) => event.type).sort()).toEqual(["group", "identify", "page", "track", "track"]);
});

testRetries({ used, name: "rudder-node", tell: tellStory, retryAfter: 2, waits: 1900 });
