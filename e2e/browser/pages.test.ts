import { expect, test } from "vitest";
import { browseUnwatched } from "./support/browseUnwatched.ts";
import { useJourney } from "./support/useJourney.ts";

// Playwright switches the back-forward cache off by default.
const journey = useJourney({ attributes: "" }, { ignoreDefaultArgs: ["--disable-back-forward-cache"] });
const { open } = journey;
const views = () => journey.gate.events.filter((event) => event.type === "page").map((event) => event.properties?.path);
const idle = () => new Promise((done) => setTimeout(done, 1_200));

test("one view a page: load and routes, by whichever way; not a query, not a fragment", async () => {
	await open("/first");
	await journey.page.evaluate(async () => {
		const task = () => new Promise((done) => setTimeout(done, 20));
		await task();
		history.pushState({}, "", "/second");
		document.title = "Second";
		await task();
		history.pushState({}, "", "/second?sort=price");
		await task();
		location.hash = "reviews";
		await task();
		history.replaceState({}, "", "/third");
		await task();
		history.pushState({}, "", "/skipped");
		history.replaceState({}, "", "/fourth");
		await task();
		history.back();
		await task();
		await window.selfsame.flush();
	});
	await idle();
	expect(views()).toEqual(["/first", "/second", "/third", "/fourth", "/third"]);
	expect(journey.gate.events[1]?.properties).toMatchObject({
		title: "Second",
		referrer: `${journey.site.url()}/first`,
	});
});

test("the same where the Navigation API is missing", async () => {
	journey.page = await journey.visitor(() => Reflect.deleteProperty(window, "navigation"));
	await open("/first");
	expect(await journey.page.evaluate(() => "navigation" in window)).toBe(false);
	await journey.page.evaluate(async () => {
		const task = () => new Promise((done) => setTimeout(done, 20));
		await task();
		history.pushState({ a: 1 }, "", "/second");
		await task();
		history.back();
		await task();
	});
	await idle();
	expect(views()).toEqual(["/first", "/second", "/first"]);
});

test("queries and fragments make pages when asked", async () => {
	journey.site.options.attributes = 'data-page-views="hash"';
	await open("/first");
	await journey.page.evaluate(async () => {
		const task = () => new Promise((done) => setTimeout(done, 20));
		await task();
		history.pushState({}, "", "/first?a=1");
		await task();
		location.hash = "top";
		await task();
	});
	await idle();
	expect(journey.gate.events.map((event) => event.context.page)).toMatchObject([
		{ url: expect.stringMatching(/first$/) },
		{ url: expect.stringMatching(/a=1$/) },
		{ url: expect.stringMatching(/#top$/) },
	]);
});

test("a page() of the site's own stands in for the view", async () => {
	await open("/first");
	await journey.page.evaluate(async () => {
		window.selfsame.page("Named");
		await window.selfsame.flush();
		history.pushState({}, "", "/second");
		window.selfsame.page("Also named");
	});
	await idle();
	expect(journey.gate.events.map((event) => [event.name, event.properties?.path])).toEqual([
		["Named", "/first"],
		["Also named", "/second"],
	]);
});

test("a return from the back-forward cache is a view, and the SDK goes on", async () => {
	await open("/first");
	await journey.page.evaluate(() => window.selfsame.flush());
	await journey.page.evaluate(() => Object.assign(window, { kept: true }));
	await open("/second");
	await journey.page.evaluate(() => window.selfsame.flush());
	await journey.page.goBack({ waitUntil: "commit" });
	await journey.page.waitForFunction(() => location.pathname === "/first");
	expect(await journey.page.evaluate(() => "kept" in window)).toBe(true);
	await journey.page.evaluate(() => window.selfsame.track("Back"));
	await journey.gate.until((events) => events.length === 4);
	expect(views()).toEqual(["/first", "/second", "/first"]);
});

test("a prerendered page is viewed when it is shown, and not before", async () => {
	// The page goes on by itself two seconds after it has told the browser what comes next.
	journey.site.options.head = `<script>
		if (location.pathname === "/first") {
			document.write('<script type="speculationrules">{"prerender":[{"urls":["/ahead"],"eagerness":"immediate"}]}<\\/script>');
			setTimeout(() => { location.href = "/ahead"; }, 2500);
		} else {
			addEventListener("load", () => selfsame.track("Loaded", { prerendering: document.prerendering }));
		}
	</script>`;
	await browseUnwatched(`${journey.site.url()}/first`, async () => {
		await journey.gate.until((events) => events.some(({ event }) => event === "Loaded"));
		await journey.gate.until((events) => events.filter(({ type }) => type === "page").length === 2, "the second view");
		await idle();
	});
	expect(views()).toEqual(["/first", "/ahead"]);
	const loaded = journey.gate.events.find(({ event }) => event === "Loaded");
	expect(loaded?.properties).toEqual({ prerendering: true });
	const ahead = journey.gate.events.find(({ type, properties }) => type === "page" && properties?.path === "/ahead");
	expect(Date.parse(ahead?.timestamp ?? "")).toBeGreaterThan(Date.parse(loaded?.timestamp ?? "") + 500);
});

test("calls made before the script has loaded keep their page, their time and their promises", async () => {
	journey.site.options.stub = { delay: 800 };
	await journey.page.goto(`${journey.site.url()}/early?utm_source=mail`, { waitUntil: "commit" });
	const [delivery, before, after] = await journey.page.evaluate(async () => {
		const before = Date.now();
		window.selfsame.page("Early");
		const promise = window.selfsame.track("Clicked early", { button: 1 });
		const after = Date.now();
		history.replaceState({}, "", "/later");
		return [await promise, before, after] as const;
	});
	expect(delivery.status).toBe("delivered");
	await idle();
	const [page, track] = journey.gate.events;
	expect(page).toMatchObject({ name: "Early", properties: { path: "/early" } });
	expect(track).toMatchObject({
		event: "Clicked early",
		context: { page: { path: "/early" }, campaign: { source: "mail" } },
	});
	const called = Date.parse(track?.timestamp ?? "");
	expect(called).toBeGreaterThanOrEqual(before);
	expect(called).toBeLessThanOrEqual(after);
});

test("no request before the first event, no further script, one global", async () => {
	journey.site.options.attributes = "none";
	await journey.page.goto(`${journey.site.url()}/bare`);
	const bare = await journey.page.evaluate(() => Object.getOwnPropertyNames(window));
	journey.site.options.attributes = 'data-page-views="false"';
	const requests: string[] = [];
	journey.page.on("request", (request) => requests.push(new URL(request.url()).pathname));
	await open("/quiet");
	await idle();
	expect(requests.filter((path) => path !== "image/x-icon,")).toEqual(["/quiet", "/selfsame.js"]);
	const names = await journey.page.evaluate(() => Object.getOwnPropertyNames(window));
	expect(names.filter((name) => !bare.includes(name))).toEqual(["selfsame"]);
});
