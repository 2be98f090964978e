import { expect, test } from "vitest";
import { openClientPage } from "../support/openClientPage.ts";
import { useBrowser, useCollector } from "../support/useCollector.ts";
import { expectStitched } from "./expectStitched.ts";

const [used, launched] = [useCollector(), useBrowser()];

// This client repeats nothing after a refusal, so there is no retry to provoke.
test("calls from a page on another origin become one stitched profile, and its answers satisfy it", async () => {
	const { page, strayRequests, close } = await openClientPage({
		browser: launched.browser,
		collectorUrl: used.collector.url,
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
		{ writeKey: used.collector.writeKey, host: used.collector.url },
	);
	const events = await expectStitched(used.collector.profiles, {
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
