import type { Browser } from "playwright";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchBrowser } from "../support/launchBrowser.ts";
import { openClientPage } from "../support/openClientPage.ts";
import { type RunningCollector, startCollector } from "../support/startCollector.ts";
import { expectStitched } from "./expectStitched.ts";

let collector: RunningCollector;
let browser: Browser;
beforeAll(async () => {
	[collector, browser] = await Promise.all([startCollector(), launchBrowser()]);
});
afterAll(async () => {
	await browser?.close();
	await collector?.close();
});

// This client repeats nothing after a refusal, so there is no retry to provoke.
test("calls from a page on another origin become one stitched profile, and its answers satisfy it", async () => {
	const { page, strayRequests, close } = await openClientPage({
		browser,
		collectorUrl: collector.url,
		script: "@jitsu/js/dist/jitsu.es.js",
		module: true,
	});
	const complaints: string[] = [];
	page.on("console", (message) => {
		if (["error", "warning"].includes(message.type()) && /jitsu|call to/i.test(message.text()))
			complaints.push(message.text());
	});
	await page.waitForFunction(() => "clientModule" in window);
	const anonymousId = await page.evaluate(
		async ({ writeKey, host }) => {
			const { jitsuAnalytics } = (window as never as { clientModule: typeof import("@jitsu/js") }).clientModule;
			const jitsu = jitsuAnalytics({ host, writeKey });
			await jitsu.page({ name: "Home" });
			await jitsu.track("Product Viewed", { sku: "mug" });
			await jitsu.identify("jitsu-browser-person", { plan: "pro" });
			await jitsu.track("Order Completed", { revenue: 24.5 });
			return jitsu.user().anonymousId as string;
		},
		{ writeKey: collector.writeKey, host: collector.url },
	);
	const events = await expectStitched(collector.profiles, {
		userId: "jitsu-browser-person",
		anonymousId,
		tracked: ["Product Viewed", "Order Completed"],
		eventCount: 4,
		traits: { plan: "pro" },
	});
	expect(events.map((event) => event.type).sort()).toEqual(["identify", "page", "track", "track"]);
	expect(complaints).toEqual([]);
	expect(strayRequests).toEqual([]);
	await close();
});
