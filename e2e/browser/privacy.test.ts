import { expect, test } from "vitest";
import { useJourney } from "./support/useJourney.ts";

const journey = useJourney();
const { open, visitor } = journey;
const off = 'data-page-views="false"';
const onDevice = () => journey.page.evaluate(() => [...Object.keys(localStorage), ...Object.keys(sessionStorage)]);
const cookies = async () => (await journey.context.cookies()).map(({ name }) => name);

test("pending writes and sends nothing; granted delivers what was kept, with its times", async () => {
	journey.site.options.attributes = `${off} data-consent="pending"`;
	await open();
	const before = Date.now();
	await journey.page.evaluate(() => {
		window.selfsame.track("Kept 1");
		window.selfsame.identify("kept");
		window.selfsame.track("Kept 2");
		return window.selfsame.flush();
	});
	await new Promise((done) => setTimeout(done, 1_500));
	expect([await onDevice(), await cookies(), journey.gate.requests]).toEqual([[], [], []]);
	const granted = Date.now();
	await journey.page.evaluate(() => window.selfsame.setConsent("granted", { analytics: true, ads: false }));
	await journey.gate.until((events) => events.length === 3);
	await journey.page.evaluate(() => window.selfsame.track("After"));
	expect(journey.gate.events.map((event) => event.event ?? event.type)).toEqual([
		"Kept 1",
		"identify",
		"Kept 2",
		"After",
	]);
	for (const event of journey.gate.events.slice(0, 3)) {
		expect(Date.parse(event.timestamp)).toBeGreaterThanOrEqual(before - 1_000);
		expect(Date.parse(event.timestamp)).toBeLessThan(granted - 1_000);
	}
	expect(journey.gate.events[3]?.context).toMatchObject({
		consent: { categoryPreferences: { analytics: true, ads: false } },
	});
	expect(await cookies()).toEqual(["selfsame_id"]);
	const names = (await journey.collector.profiles.events("user_id:kept")).map((event) => event.event ?? event.type);
	expect(names).toEqual(["Kept 1", "identify", "Kept 2", "After"]);
});

test("pending, then denied: nothing was ever sent, nothing is on the device", async () => {
	journey.site.options.attributes = `${off} data-consent="pending"`;
	await open();
	const delivery = await journey.page.evaluate(() => {
		const kept = window.selfsame.track("Kept");
		window.selfsame.setConsent("denied");
		return kept;
	});
	// A decision may never come, so a call that waits for it is not waited for.
	expect(delivery).toMatchObject({ status: "queued" });
	expect([await onDevice(), await cookies(), journey.gate.requests]).toEqual([[], [], []]);
});

test("granted, then denied: the queue and the ids are erased, later calls are dropped; granted again is somebody new", async () => {
	await open();
	await journey.context.setOffline(true);
	const id = await journey.page.evaluate(() => {
		window.selfsame.track("Waiting");
		return window.selfsame.getAnonymousId();
	});
	expect((await onDevice()).length).toBeGreaterThan(1);
	const dropped = await journey.page.evaluate(() => {
		window.selfsame.setConsent("denied");
		return window.selfsame.track("Denied");
	});
	expect(dropped).toMatchObject({ status: "dropped", reason: "denied" });
	expect([await onDevice(), await cookies()]).toEqual([[], []]);
	await journey.context.setOffline(false);
	await journey.page.evaluate(() => window.selfsame.flush());
	expect(journey.gate.requests).toEqual([]);
	await journey.page.evaluate(() => window.selfsame.setConsent("granted"));
	await journey.page.evaluate(() => window.selfsame.track("Again"));
	expect(journey.gate.events.map((event) => event.event)).toEqual(["Again"]);
	expect(journey.gate.events[0]?.anonymousId).not.toBe(id);
});

const withGpc = () => Object.defineProperty(Navigator.prototype, "globalPrivacyControl", { get: () => true });

test("Global Privacy Control limits by default: ids for the session, no click ids, every event marked", async () => {
	journey.page = await visitor(withGpc);
	journey.context = journey.page.context();
	await open("/?gclid=g1&utm_source=mail&fbclid=f1");
	await journey.page.evaluate(() => window.selfsame.track("Limited"));
	const [event] = journey.gate.events;
	expect(event?.context).toMatchObject({ consent: { gpc: true }, campaign: { source: "mail" } });
	expect(JSON.stringify(event)).not.toMatch(/gclid|fbclid|g1|f1"/);
	const [cookie] = await journey.context.cookies();
	expect(cookie).toMatchObject({ name: "selfsame_id", expires: -1 });
	expect(await journey.page.evaluate(() => Object.keys(localStorage))).toEqual([]);
});

test("Global Privacy Control as denial, and as a mark alone", async () => {
	journey.page = await visitor(withGpc);
	journey.context = journey.page.context();
	journey.site.options.attributes = `${off} data-gpc="deny"`;
	await open();
	const delivery = await journey.page.evaluate(() => {
		window.selfsame.setConsent("granted");
		return window.selfsame.track("Denied");
	});
	expect(delivery).toMatchObject({ status: "dropped", reason: "denied" });
	expect([await onDevice(), await cookies(), journey.gate.requests]).toEqual([[], [], []]);

	journey.site.options.attributes = `${off} data-gpc="mark"`;
	await open("/?gclid=g1");
	await journey.page.evaluate(() => window.selfsame.track("Marked"));
	expect(journey.gate.events[0]?.context).toMatchObject({ consent: { gpc: true }, clickIds: { gclid: "g1" } });
	expect((await journey.context.cookies())[0]?.expires).toBeGreaterThan(Date.now() / 1000);
});

test("Do Not Track counts only on request", async () => {
	journey.page = await visitor(() => Object.defineProperty(Navigator.prototype, "doNotTrack", { get: () => "1" }));
	journey.context = journey.page.context();
	await open();
	await journey.page.evaluate(() => window.selfsame.track("Unasked"));
	expect(journey.gate.events[0]?.context).not.toHaveProperty("consent");
	journey.site.options.attributes = `${off} data-dnt data-gpc="deny"`;
	await open();
	expect(await journey.page.evaluate(() => window.selfsame.track("Asked"))).toMatchObject({ reason: "denied" });
});

test("without storage nothing is on the device, and events arrive", async () => {
	journey.site.options.attributes = `${off} data-storage="none"`;
	await open();
	await journey.page.evaluate(() => Promise.all([window.selfsame.track("A"), window.selfsame.track("B")]));
	const [a, b] = journey.gate.events;
	expect(a?.anonymousId).toBe(b?.anonymousId);
	expect([await onDevice(), await cookies()]).toEqual([[], []]);
});

test("sensitive query parameters are masked in every URL, the fragment and the referrer included", async () => {
	journey.site.options.attributes = `${off} data-mask-params="coupon"`;
	await journey.page.goto(`${journey.site.url()}/from?reset_token=s3cret`);
	await journey.page.evaluate(
		(next) => location.assign(next),
		"/to?password=s3cret&q=shoes&email=s3cret%40x.y&coupon=s3cret&api_key=s3cret#access_token=s3cret&state=1",
	);
	await journey.page.waitForURL("**/to?**");
	await journey.page.waitForFunction(() => "flush" in (window.selfsame ?? {}));
	await journey.page.evaluate(() => window.selfsame.page());
	const text = JSON.stringify(journey.gate.events[0]);
	expect(text).not.toContain("s3cret");
	expect(journey.gate.events[0]?.context).toMatchObject({
		page: { search: expect.stringContaining("q=shoes"), referrer: expect.stringContaining("reset_token=masked") },
	});
});

test("a page with a strict policy and Trusted Types", async () => {
	const errors: string[] = [];
	journey.page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
	journey.page.on("pageerror", (error) => errors.push(String(error)));
	journey.site.options.headers = {
		"content-security-policy": `default-src 'none'; script-src 'self'; img-src data:; connect-src ${journey.gate.url}; require-trusted-types-for 'script'; trusted-types 'none'`,
	};
	await open();
	const delivery = await journey.page.evaluate(() => window.selfsame.track("Strict", { text: "long ".repeat(500) }));
	expect(delivery.status).toBe("delivered");
	expect(errors).toEqual([]);
	expect(await journey.page.evaluate(() => document.scripts.length)).toBe(1);
});
