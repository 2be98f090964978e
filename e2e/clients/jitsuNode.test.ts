import { jitsuAnalytics } from "@jitsu/js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RunningCollector, startCollector } from "../support/startCollector.ts";
import { expectStitched } from "./expectStitched.ts";

let collector: RunningCollector;
beforeAll(async () => {
	collector = await startCollector();
});
afterAll(() => collector?.close());

test("calls from a server become one stitched profile", async () => {
	// Jitsu's keys are `id:secret`; the collector knows the part before the colon.
	const jitsu = jitsuAnalytics({ host: collector.url, writeKey: `${collector.writeKey}:secret`, s2s: true });
	await jitsu.setAnonymousId("jitsu-node-visitor");
	await jitsu.page({ name: "Home" });
	await jitsu.track("Product Viewed", { sku: "mug" });
	await jitsu.identify("jitsu-node-person", { plan: "pro" });
	await jitsu.track("Order Completed", { revenue: 24.5 });
	const events = await expectStitched(collector.profiles, {
		userId: "jitsu-node-person",
		anonymousId: "jitsu-node-visitor",
		tracked: ["Product Viewed", "Order Completed"],
		eventCount: 4,
		traits: { plan: "pro" },
	});
	expect(events.map((event) => event.type).sort()).toEqual(["identify", "page", "track", "track"]);
});
