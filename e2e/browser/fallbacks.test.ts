import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { builtEntry } from "../support/builtEntry.ts";
import { useJourney } from "./support/useJourney.ts";

const journey = useJourney();
const run = promisify(execFile);

async function namesOf(anonymousId: string): Promise<(string | undefined)[]> {
	return (await journey.collector.profiles.events(`anonymous_id:${anonymousId}`)).map((event) => event.event);
}

test("without Web Locks tabs take turns by a lease in the storage: nothing lost, nothing stored twice", async () => {
	const first = await journey.visitor(() =>
		Object.defineProperty(Navigator.prototype, "locks", { get: () => undefined }),
	);
	await journey.open("/", first);
	const id = await first.evaluate(() => window.selfsame.getAnonymousId());
	const tabs = [first];
	while (tabs.length < 6) tabs.push(await journey.open("/", await first.context().newPage()));
	await Promise.all(
		tabs.map((tab, index) =>
			tab.evaluate(async (name) => {
				for (let i = 0; i < 50; i++) {
					window.selfsame.track(`Tab ${name} ${i}`);
					if (i % 10 === 0) await new Promise((done) => setTimeout(done, 20));
				}
			}, index),
		),
	);
	// A tab that is closed with the lease in its hand leaves it to run out.
	await Promise.all(tabs.slice(1, 4).map((tab) => tab.close()));
	await expect.poll(async () => (await namesOf(id)).length, { timeout: 90_000 }).toBe(300);
	expect(new Set(await namesOf(id)).size).toBe(300);
});

test("without keepalive a leaving page sends by a beacon, and stores its events once", async () => {
	const page = await journey.visitor(() => {
		delete (Request.prototype as { keepalive?: boolean }).keepalive;
	});
	await journey.open("/", page);
	const id = await page.evaluate((next) => {
		for (let i = 0; i < 5; i++) window.selfsame.track(`Leaving ${i}`);
		location.href = next;
		return window.selfsame.getAnonymousId();
	}, `${journey.site.url()}/next`);
	await page.waitForURL("**/next");
	await journey.gate.until((events) => events.length === 5);
	expect(journey.gate.batches[0]?.headers["sec-fetch-mode"]).toBe("no-cors");
	// A beacon brings no verdict, so the next page sends them again, and the collector knows them.
	await journey.gate.until(() => journey.gate.repeats === 5);
	expect((await namesOf(id)).sort()).toEqual([0, 1, 2, 3, 4].map((i) => `Leaving ${i}`));
});

test("with serverCookie the collector's answer keeps the visitor's cookie for a year", async () => {
	const { collector, site, page, context } = journey;
	const option = JSON.stringify({ origins: [site.url()] });
	const cli = [builtEntry("apps/collector/dist/cli.js"), "sources", "set", "server", "serverCookie", option];
	const env = { ...process.env, DATABASE_URL: `file:${join(collector.directory, "selfsame.db")}` };
	await run(process.execPath, cli, { env });
	// Straight to the collector: the same host, so its cookies are the page's.
	site.options.host = collector.url;
	site.options.attributes = 'data-page-views="false" data-server-cookie';
	await journey.open();
	const refreshed = async () => (await context.cookies()).find(({ name }) => name === "selfsame_refreshed");
	// A running server notices the option within seconds.
	await expect
		.poll(async () => {
			await page.evaluate(() => window.selfsame.track("Seen"));
			return await refreshed();
		})
		.toMatchObject({ httpOnly: true });
	const id = await page.evaluate(() => window.selfsame.getAnonymousId());
	const kept = (await context.cookies()).find(({ name }) => name === "selfsame_id");
	expect(kept).toMatchObject({ value: id, httpOnly: false });
	expect((kept?.expires ?? 0) - Date.now() / 1_000).toBeGreaterThan(360 * 24 * 3_600);
});
