import { type Browser, type BrowserContext, chromium, type LaunchOptions, type Page } from "playwright";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { findBrowser } from "../../../scripts/browser.mjs";
import { type RunningCollector, startCollector } from "../../support/startCollector.ts";
import { type Gate, startGate } from "./startGate.ts";
import { type Site, type SiteOptions, startSite } from "./startSite.ts";

/** What a test of the browser SDK stands on; everything but the browser and the collector is new for every test. */
export interface Journey {
	browser: Browser;
	collector: RunningCollector;
	/** In front of the collector. */
	gate: Gate;
	site: Site;
	context: BrowserContext;
	page: Page;
	/** Opens a page of the site and waits for the SDK. */
	open(path?: string, page?: Page, host?: string): Promise<Page>;
	/** Another tab. */
	tab(path?: string): Promise<Page>;
	/** A new visitor, with init scripts of its own. */
	visitor(init?: () => void): Promise<Page>;
}

export function useJourney(options: Partial<SiteOptions> = {}, launch: LaunchOptions = {}): Journey {
	const journey = {} as Journey;
	const contexts: BrowserContext[] = [];
	beforeAll(async () => {
		const found = await findBrowser();
		[journey.browser, journey.collector] = await Promise.all([
			chromium.launch({ ...found, ...launch, args: [...found.args, ...(launch.args ?? [])] }),
			startCollector(),
		]);
	});
	afterAll(async () => {
		await journey.browser?.close();
		await journey.collector?.close();
	});
	beforeEach(async () => {
		journey.gate = await startGate({ target: journey.collector.url });
		journey.site = await startSite({
			host: journey.gate.url,
			writeKey: journey.collector.writeKey,
			attributes: 'data-page-views="false"',
			...options,
		});
		journey.page = await journey.visitor();
		journey.context = journey.page.context();
	});
	afterEach(async () => {
		await Promise.all(contexts.splice(0).map((context) => context.close()));
		await Promise.all([journey.gate.close(), journey.site.close()]);
	});
	journey.visitor = async (init) => {
		const context = await journey.browser.newContext();
		contexts.push(context);
		if (init) await context.addInitScript(init);
		return context.newPage();
	};
	journey.open = async (path = "/", page = journey.page, host) => {
		await page.goto(journey.site.url(host) + path);
		await page.waitForFunction(() => typeof window.selfsame?.flush === "function");
		return page;
	};
	journey.tab = async (path) => journey.open(path, await journey.context.newPage());
	return journey;
}
