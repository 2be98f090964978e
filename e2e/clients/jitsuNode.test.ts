import { jitsuAnalytics } from "@jitsu/js";
import { expect, test } from "vitest";
import { useCollector } from "../support/useCollector.ts";
import { expectStitched } from "./expectStitched.ts";

const used = useCollector();

test("calls from a server become one stitched profile", async () => {
	// Jitsu's keys are `id:secret`; the collector knows the part before the colon.
	const jitsu = jitsuAnalytics({ host: used.collector.url, writeKey: `${used.collector.writeKey}:secret`, s2s: true });
	await jitsu.setAnonymousId("jitsu-node-visitor");
	await jitsu.page({ name: "Home" });
	await jitsu.track("Product Viewed", { sku: "mug" });
	await jitsu.identify("jitsu-node-person", { plan: "pro" });
	await jitsu.track("Order Completed", { revenue: 24.5 });
	const events = await expectStitched(used.collector.profiles, {
		userId: "jitsu-node-person",
		anonymousId: "jitsu-node-visitor",
		tracked: ["Product Viewed", "Order Completed"],
		eventCount: 4,
		traits: { plan: "pro" },
	});
	expect(events.map((event) => event.type).sort()).toEqual(["identify", "page", "track", "track"]);
});
