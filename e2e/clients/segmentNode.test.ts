import { Analytics } from "@segment/analytics-node";
import { expect, test } from "vitest";
import { useCollector } from "../support/useCollector.ts";
import { expectStitched } from "./expectStitched.ts";
import { testRetries } from "./testRetries.ts";

const used = useCollector();

/**
 * Six calls of one person; resolves once the client has let go of them. In one batch unless said: with two under way, the
 * answer to the second makes this client forget that the first was told to wait.
 */
async function tellStory(host: string, name: string, flushAt = 6) {
	const analytics = new Analytics({ writeKey: used.collector.writeKey, host, flushAt, flushInterval: 200 });
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
	const events = await expectStitched(used.collector.profiles, await tellStory(used.collector.url, "segment-node", 3));
	expect(events.map((event) => event.type).sort()).toEqual(["group", "identify", "page", "screen", "track", "track"]);
	expect(events.find((event) => event.event === "Order Completed")?.properties).toEqual({ revenue: 24.5 });
	const profile = await used.collector.profiles.find("user_id:segment-node-person");
	expect(profile?.groups).toMatchObject([{ id: "segment-node-company", traits: { size: 12 } }]);
});

test("an alias joins two users", async () => {
	const analytics = new Analytics({ writeKey: used.collector.writeKey, host: used.collector.url, flushInterval: 50 });
	analytics.track({ userId: "segment-old", event: "Before" });
	analytics.track({ userId: "segment-new", event: "After" });
	analytics.alias({ userId: "segment-new", previousId: "segment-old" });
	await analytics.closeAndFlush({ timeout: 60_000 });
	const profile = await used.collector.profiles.until("user_id:segment-new", (found) => found.eventCount === 3);
	expect((await used.collector.profiles.find("user_id:segment-old"))?.id).toBe(profile.id);
});

testRetries({ used, name: "segment-node", tell: tellStory, retryAfter: 2, waits: 1900 });
