import type { Browser, BrowserContext, Page } from "playwright";
import { type ClientPage, type ClientPageOptions, serveClientPage } from "./serveClientPage.ts";

/** Somebody else's page, open in a browser of its own, with their client in it. */
export interface OpenClientPage {
	page: Page;
	/** Requests that left for anywhere but the page's own origin and the collector: none is allowed out. */
	strayRequests: string[];
	close(): Promise<void>;
}

export interface OpenClientPageOptions extends ClientPageOptions {
	browser: Browser;
	/** Where the client is pointed at, another origin than the page's. */
	collectorUrl: string;
}

export async function openClientPage({
	browser,
	collectorUrl,
	...options
}: OpenClientPageOptions): Promise<OpenClientPage> {
	const site: ClientPage = await serveClientPage(options);
	const context: BrowserContext = await browser.newContext();
	const strayRequests: string[] = [];
	const allowed = [new URL(collectorUrl).origin, site.url];
	await context.route(
		(url) => !allowed.includes(url.origin),
		(route) => {
			strayRequests.push(route.request().url());
			return route.abort();
		},
	);
	const page = await context.newPage();
	await page.goto(`${site.url}/shop?utm_source=news`);
	return {
		page,
		strayRequests,
		close: async () => {
			await context.close();
			await site.close();
		},
	};
}
