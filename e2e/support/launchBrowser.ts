import { type Browser, chromium } from "playwright";
import { findBrowser } from "../../scripts/browser.mjs";

/** A real browser, found or installed on this machine. */
export async function launchBrowser(): Promise<Browser> {
	return chromium.launch(await findBrowser());
}
