import type { Page } from "playwright";
import { expect, test } from "vitest";
import { openClientPage } from "../support/openClientPage.ts";
import { useBrowser, useCollector } from "../support/useCollector.ts";
import { expectStitched } from "./expectStitched.ts";
import { testRetries } from "./testRetries.ts";

// The bundle carries its plugins, so that nothing is fetched from a CDN.
const script = "@rudderstack/analytics-js/dist/npm/modern/bundled/umd/index.js";

const [used, launched] = [useCollector(), useBrowser()];

async function tellStory(page: Page, url: string, userId: string, options: object = {}) {
	const anonymousId = await page.evaluate(
		async ({ writeKey, url, userId, options }) => {
			const { RudderAnalytics } = (window as never as { rudderanalytics: typeof import("@rudderstack/analytics-js") })
				.rudderanalytics;
			const client = new RudderAnalytics();
			client.load(writeKey, url, { configUrl: url, polyfillIfRequired: false, ...options });
			await new Promise<void>((resolve) => client.ready(resolve));
			client.page("Home");
			client.track("Product Viewed", { sku: "mug" });
			const id = client.getAnonymousId();
			client.identify(userId, { plan: "pro" });
			client.track("Order Completed", { revenue: 24.5 });
			client.group(`${userId}-company`, { size: 12 });
			return id as string;
		},
		{ writeKey: used.collector.writeKey, url, userId, options },
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
		await tellStory(page, used.collector.url, "rudder-browser"),
	);
	expect(events.map((event) => event.type).sort()).toEqual(["group", "identify", "page", "track", "track"]);
	expect(strayRequests).toEqual([]);
	await close();
});

test("a beacon that leaves with the page arrives", async () => {
	const { page, strayRequests, close } = await openClientPage({
		browser: launched.browser,
		collectorUrl: used.collector.url,
		script,
	});
	const story = await tellStory(page, used.collector.url, "rudder-beacon", {
		useBeacon: true,
		beaconQueueOptions: { flushQueueInterval: 600_000, maxItems: 100 },
	});
	expect(await used.collector.profiles.find("user_id:rudder-beacon")).toBeNull();
	await page.goto("about:blank");
	await expectStitched(used.collector.profiles, story);
	expect(strayRequests).toEqual([]);
	await close();
});

// This client has no notion of Retry-After; it waits by its own backoff.
testRetries({
	used,
	name: "rudder-browser",
	tell: async (url, name) => {
		const { page, close } = await openClientPage({ browser: launched.browser, collectorUrl: url, script });
		return { ...(await tellStory(page, url, name)), close };
	},
	retryAfter: 1,
	waits: 500,
});
