import type { Page } from "playwright";
import { expect, test } from "vitest";
import { openClientPage } from "../support/openClientPage.ts";
import { useBrowser, useCollector } from "../support/useCollector.ts";
import { expectStitched } from "./expectStitched.ts";
import { testRetries } from "./testRetries.ts";

/** As much of the client's own type as the tests use; it is not exported. */
interface DeliveryStrategy {
	strategy: "batching";
	config: { size: number; timeout: number };
}

const script = "@segment/analytics-next/dist/umd/index.js";

const [used, launched] = [useCollector(), useBrowser()];

/** Settings come from the collector too: a page that changes nothing but the two addresses. */
async function tellStory(page: Page, collectorUrl: string, userId: string, delivery?: DeliveryStrategy) {
	const anonymousId = await page.evaluate(
		async ({ writeKey, url, userId, delivery }) => {
			const { AnalyticsBrowser } = (window as never as { AnalyticsNext: typeof import("@segment/analytics-next") })
				.AnalyticsNext;
			const [analytics] = await AnalyticsBrowser.load(
				{ writeKey, cdnURL: url },
				{
					integrations: {
						"Segment.io": {
							apiHost: `${new URL(url).host}/v1`,
							protocol: "http",
							...(delivery ? { deliveryStrategy: delivery } : {}),
						},
					},
				},
			);
			await analytics.page("Home");
			await analytics.track("Product Viewed", { sku: "mug" });
			const id = analytics.user().anonymousId();
			await analytics.identify(userId, { plan: "pro" });
			await analytics.track("Order Completed", { revenue: 24.5 });
			await analytics.group(`${userId}-company`, { size: 12 });
			return id as string;
		},
		{ writeKey: used.collector.writeKey, url: collectorUrl, userId, delivery },
	);
	return {
		userId,
		anonymousId,
		tracked: ["Product Viewed", "Order Completed"],
		eventCount: 5,
		traits: { plan: "pro" },
	};
}

test("calls from a page on another origin become one stitched profile", async () => {
	const { page, strayRequests, close } = await openClientPage({
		browser: launched.browser,
		collectorUrl: used.collector.url,
		script,
	});
	const events = await expectStitched(
		used.collector.profiles,
		await tellStory(page, used.collector.url, "segment-browser"),
	);
	expect(events.map((event) => event.type).sort()).toEqual(["group", "identify", "page", "track", "track"]);
	expect(events.find((event) => event.type === "page")?.context).toMatchObject({ campaign: { source: "news" } });
	expect(strayRequests).toEqual([]);
	await close();
});

// On the way out there is no time for a preflight: what counts is that the one before still holds.
test("a batch that leaves with the page arrives, on the strength of an earlier preflight", async () => {
	const { page, strayRequests, close } = await openClientPage({
		browser: launched.browser,
		collectorUrl: used.collector.url,
		script,
	});
	const story = await tellStory(page, used.collector.url, "segment-browser-batch", {
		strategy: "batching",
		config: { size: 3, timeout: 600_000 },
	});
	const first = await used.collector.profiles.until(
		"user_id:segment-browser-batch",
		(profile) => profile.eventCount >= 3,
	);
	expect(first.eventCount).toBe(3);
	await page.goto("about:blank");
	await expectStitched(used.collector.profiles, story);
	expect(strayRequests).toEqual([]);
	await close();
});

testRetries({
	used,
	name: "segment-browser",
	tell: async (url, name) => {
		const { page, close } = await openClientPage({ browser: launched.browser, collectorUrl: url, script });
		return { ...(await tellStory(page, url, name)), close };
	},
	retryAfter: 2,
	waits: 1900,
});
