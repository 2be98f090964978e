/** Options for Playwright's `chromium.launch()` with a browser that has been seen to start here. */
export function findBrowser(options?: {
	log?: (line: string) => void;
}): Promise<{ executablePath: string; args: string[]; headless: true }>;
