import type { Browser } from "playwright";
import { afterAll, beforeAll } from "vitest";
import { launchBrowser } from "./launchBrowser.ts";
import { type RunningCollector, startCollector } from "./startCollector.ts";

/** A collector for the tests of a file; it is there from the first test on. */
export function useCollector(): { collector: RunningCollector } {
	const used = {} as { collector: RunningCollector };
	beforeAll(async () => {
		used.collector = await startCollector();
	});
	afterAll(() => used.collector?.close());
	return used;
}

/** A browser for the tests of a file; it is there from the first test on. */
export function useBrowser(): { browser: Browser } {
	const used = {} as { browser: Browser };
	beforeAll(async () => {
		used.browser = await launchBrowser();
	});
	afterAll(() => used.browser?.close());
	return used;
}
