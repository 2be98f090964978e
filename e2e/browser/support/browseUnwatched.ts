import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findBrowser } from "../../../scripts/browser.mjs";

/** Opens an address in a browser that no automation is attached to: that alone switches prerendering off. */
export async function browseUnwatched(url: string, work: () => Promise<void>): Promise<void> {
	const { executablePath, args } = await findBrowser();
	const profile = await mkdtemp(join(tmpdir(), "selfsame-profile-"));
	const own = ["--headless", "--remote-debugging-port=0", "--no-first-run", `--user-data-dir=${profile}`];
	const browser = spawn(executablePath, [...args, ...own, url], { stdio: "ignore" });
	const exited = once(browser, "exit");
	try {
		await work();
	} finally {
		browser.kill();
		await exited;
		await rm(profile, { recursive: true, force: true, maxRetries: 5 });
	}
}
