import type { Browser, Page } from "playwright";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchBrowser } from "../support/launchBrowser.ts";
import { openClientPage } from "../support/openClientPage.ts";
import { type RunningCollector, startCollector } from "../support/startCollector.ts";
import { type Fault, startFaultProxy } from "../support/startFaultProxy.ts";
import { expectRetried } from "./expectRetried.ts";
import { expectStitched } from "./expectStitched.ts";

// The bundle carries its plugins, so that nothing is fetched from a CDN.
const script = "@rudderstack/analytics-js/dist/npm/modern/bundled/umd/index.js";

let collector: RunningCollector;
let browser: Browser;
beforeAll(async () => {
	[collector, browser] = await Promise.all([startCollector(), launchBrowser()]);
});
afterAll(async () => {
	await browser?.close();
	await collector?.close();
});

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
		{ writeKey: collector.writeKey, url, userId, options },
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
	const { page, strayRequests, close } = await openClientPage({ browser, collectorUrl: collector.url, script });
	const events = await expectStitched(collector.profiles, await tellStory(page, collector.url, "rudder-browser"));
	expect(events.map((event) => event.type).sort()).toEqual(["group", "identify", "page", "track", "track"]);
	expect(strayRequests).toEqual([]);
	await close();
});

test("a beacon that leaves with the page arrives", async () => {
	const { page, strayRequests, close } = await openClientPage({ browser, collectorUrl: collector.url, script });
	const story = await tellStory(page, collector.url, "rudder-beacon", {
		useBeacon: true,
		beaconQueueOptions: { flushQueueInterval: 600_000, maxItems: 100 },
	});
	expect(await collector.profiles.find("user_id:rudder-beacon")).toBeNull();
	await page.goto("about:blank");
	await expectStitched(collector.profiles, story);
	expect(strayRequests).toEqual([]);
	await close();
});

test("429 is repeated after a wait: nothing lost, nothing double", async () => {
	const proxy = await startFaultProxy(collector.url);
	// This client has no notion of Retry-After; it waits by its own backoff.
	const faults: Fault[] = [{ status: 429, retryAfter: 1, mode: "refuse" }];
	proxy.faults.push(...faults);
	const { page, close } = await openClientPage({ browser, collectorUrl: proxy.url, script });
	const story = await tellStory(page, proxy.url, "rudder-browser-429");
	await expectRetried(proxy, faults, 500);
	await expectStitched(collector.profiles, story);
	await close();
	await proxy.close();
});

test("503, then an answer that got lost, then success: nothing lost, nothing double", async () => {
	const proxy = await startFaultProxy(collector.url);
	const faults: Fault[] = [
		{ status: 503, mode: "refuse" },
		{ status: 503, mode: "lose" },
	];
	proxy.faults.push(...faults);
	const { page, close } = await openClientPage({ browser, collectorUrl: proxy.url, script });
	const story = await tellStory(page, proxy.url, "rudder-browser-503");
	await expectRetried(proxy, faults, 0);
	await expectStitched(collector.profiles, story);
	await close();
	await proxy.close();
});
