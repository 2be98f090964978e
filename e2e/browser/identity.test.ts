import { expect, test } from "vitest";
import { useJourney } from "./support/useJourney.ts";

const journey = useJourney();
const { open, visitor } = journey;
const uuid = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

test("the anonymous id lives in a cookie and in localStorage, and either restores the other", async () => {
	await open();
	const id = await journey.page.evaluate(() => window.selfsame.getAnonymousId());
	expect(id).toMatch(uuid);
	const cookie = async () => (await journey.context.cookies()).find(({ name }) => name === "selfsame_id");
	expect(await cookie()).toMatchObject({ value: id, path: "/", sameSite: "Lax" });
	expect(((await cookie())?.expires ?? 0) - Date.now() / 1000).toBeGreaterThan(390 * 86_400);

	await journey.page.evaluate(() => localStorage.clear());
	await open();
	expect(await journey.page.evaluate(() => window.selfsame.getAnonymousId())).toBe(id);

	await journey.context.clearCookies();
	await open();
	expect(await journey.page.evaluate(() => window.selfsame.getAnonymousId())).toBe(id);
	expect((await cookie())?.value).toBe(id);
});

test("two subdomains share the visitor, on the widest domain that takes a cookie", async () => {
	await open("/", journey.page, "shop.site.localhost");
	const first = await journey.page.evaluate(() => window.selfsame.getAnonymousId());
	await open("/", journey.page, "blog.site.localhost");
	expect(await journey.page.evaluate(() => window.selfsame.getAnonymousId())).toBe(first);
	const cookies = await journey.context.cookies(journey.site.url("shop.site.localhost"));
	expect(cookies.map(({ name, domain }) => [name, domain])).toEqual([["selfsame_id", ".site.localhost"]]);
});

test("an id of analytics.js is adopted: a migration loses no visitor", async () => {
	await journey.context.addCookies([{ name: "ajs_anonymous_id", value: "segment-1", url: journey.site.url() }]);
	await open();
	expect(await journey.page.evaluate(() => window.selfsame.getAnonymousId())).toBe("segment-1");

	const other = await visitor(() => localStorage.setItem("ajs_anonymous_id", '"segment-2"'));
	await open("/", other);
	expect(await other.evaluate(() => window.selfsame.getAnonymousId())).toBe("segment-2");
});

test("anonymous history reaches the person; reset and a second person start anew", async () => {
	await open();
	const [first, second, third] = await journey.page.evaluate(async () => {
		const { selfsame } = window;
		selfsame.track("Anonymous");
		selfsame.identify("ada", { email: "ada@shop.example" });
		selfsame.track("Known");
		const first = selfsame.getAnonymousId();
		selfsame.identify("ada");
		if (selfsame.getAnonymousId() !== first) throw new Error("the same person is no other");
		selfsame.identify("bob");
		const second = selfsame.getAnonymousId();
		selfsame.track("Bob's");
		selfsame.reset();
		selfsame.track("Nobody's");
		const third = selfsame.getAnonymousId();
		await selfsame.flush();
		return [first, second, third];
	});
	expect(new Set([first, second, third]).size).toBe(3);
	const names = async (ref: string) =>
		(await journey.collector.profiles.events(ref)).map((event) => event.event ?? event.type);
	expect(await names("user_id:ada")).toEqual(["Anonymous", "identify", "Known", "identify"]);
	expect(await names("user_id:bob")).toEqual(["identify", "Bob's"]);
	expect(await names(`anonymous_id:${third}`)).toEqual(["Nobody's"]);
});

test("the user is remembered on the next page, and forgotten with the id it belongs to", async () => {
	await open();
	await journey.page.evaluate(() => window.selfsame.identify("remembered"));
	await open("/next");
	await journey.page.evaluate(() => window.selfsame.track("Still there"));
	expect(journey.gate.events.at(-1)).toMatchObject({ event: "Still there", userId: "remembered" });
	await journey.context.addCookies([{ name: "selfsame_id", value: "somebody-else", url: journey.site.url() }]);
	await open("/later");
	await journey.page.evaluate(() => window.selfsame.track("Another"));
	expect(journey.gate.events.at(-1)).toMatchObject({ anonymousId: "somebody-else" });
	expect(journey.gate.events.at(-1)?.userId).toBeUndefined();
});

test("every verb goes in the orders of analytics.js and lands with its fields", async () => {
	await open();
	await journey.page.evaluate(async () => {
		const { selfsame } = window;
		selfsame.setAnonymousId("anon-verbs");
		selfsame.identify("verbs", { plan: "pro" });
		selfsame.page("Docs", "Home", { depth: 1 });
		selfsame.screen("Start");
		selfsame.group("acme", { seats: 3 });
		selfsame.alias("verbs-2");
		await new Promise<void>((done) => selfsame.track("Called back", {}, { context: { ip: "10.0.0.1" } }, () => done()));
	});
	expect(journey.gate.events.map((event) => event.type)).toEqual([
		"identify",
		"page",
		"screen",
		"group",
		"alias",
		"track",
	]);
	const [identify, page, screen, group, alias, track] = journey.gate.events;
	expect(identify).toMatchObject({ userId: "verbs", anonymousId: "anon-verbs", traits: { plan: "pro" } });
	expect(page).toMatchObject({
		name: "Home",
		category: "Docs",
		properties: { depth: 1, name: "Home", category: "Docs", path: "/", title: "Page /" },
	});
	expect(screen).toMatchObject({ name: "Start", properties: { name: "Start" } });
	expect(group).toMatchObject({ groupId: "acme", traits: { seats: 3 }, userId: "verbs" });
	expect(alias).toMatchObject({ userId: "verbs-2", previousId: "verbs" });
	expect(track).toMatchObject({ event: "Called back", context: { ip: "10.0.0.1" } });
});

test("a session spans tabs and ends after 30 minutes without an event", async () => {
	await open();
	const session = async (page = journey.page) => {
		await page.evaluate(() => window.selfsame.track("Now"));
		const { sessionId, sessionStart } = journey.gate.events.at(-1)?.context ?? {};
		return [sessionId, sessionStart];
	};
	const [first, start] = await session();
	expect(start).toBe(true);
	expect(await session()).toEqual([first, undefined]);
	expect(await session(await journey.tab())).toEqual([first, undefined]);
	await journey.page.evaluate(() => {
		const state = JSON.parse(localStorage.getItem("selfsame_id") ?? "");
		localStorage.setItem("selfsame_id", JSON.stringify({ ...state, l: state.l - 31 * 60_000 }));
	});
	const [second, again] = await session();
	expect(second).toBeGreaterThan(first as never);
	expect(again).toBe(true);
});

test("a link to a listed domain carries the visitor; an unlisted referrer and an old link do not", async () => {
	journey.site.options.attributes = 'data-page-views="false" data-link-domains="one.localhost, two.localhost"';
	const { port } = new URL(journey.site.url());
	journey.site.options.body = ["two", "three"]
		.map((name) => `<a id="${name}" href="http://${name}.localhost:${port}/there?keep=1">there</a>`)
		.join("");
	await open("/", journey.page, "one.localhost");
	const id = await journey.page.evaluate(() => window.selfsame.getAnonymousId());
	await journey.page.click("#two");
	await journey.page.waitForFunction(() => location.hostname === "two.localhost" && "flush" in (window.selfsame ?? {}));
	expect(await journey.page.evaluate(() => [window.selfsame.getAnonymousId(), location.search])).toEqual([
		id,
		"?keep=1",
	]);

	await open("/", journey.page, "one.localhost");
	await journey.page.click("#three");
	await journey.page.waitForURL("**/there?keep=1");

	const carried = `_selfsame=stolen.${Date.now().toString(36)}`;
	await open(`/?${carried}`, await visitor(), "two.localhost").then(async (page) => {
		expect(await page.evaluate(() => window.selfsame.getAnonymousId())).toMatch(uuid);
		expect(await page.evaluate(() => location.search)).toBe("");
	});
	const old = await visitor();
	await open("/", old, "one.localhost");
	await old.evaluate(
		(href) => {
			const link = document.createElement("a");
			link.href = href;
			link.id = "old";
			link.textContent = "old";
			document.body.append(link);
			document.addEventListener("click", () => link.setAttribute("href", href), true);
		},
		`http://two.localhost:${port}/?_selfsame=stale.${(Date.now() - 200_000).toString(36)}`,
	);
	await old.click("#old");
	await old.waitForFunction(() => location.hostname === "two.localhost" && "flush" in (window.selfsame ?? {}));
	expect(await old.evaluate(() => window.selfsame.getAnonymousId())).toMatch(uuid);
});

test("the identity token goes with the events of its user", async () => {
	journey.site.options.attributes = "none";
	journey.site.options.head = `<script type="module">import * as sdk from "/sdk/browser/index.js"; window.sdk = sdk;</script>`;
	await journey.page.goto(journey.site.url());
	await journey.page.evaluate(
		async ([host, writeKey]) => {
			const { createClient } = window.sdk;
			const asked: string[] = [];
			const client = createClient({
				host: host as string,
				writeKey: writeKey as string,
				pageViews: false,
				getIdentityToken: async (userId: string) => {
					asked.push(userId);
					return `proof-of-${userId}`;
				},
			});
			await client.track("Anonymous");
			await client.identify("ada");
			await client.track("Known");
			if (asked.join() !== "ada") throw new Error(`asked for ${asked}`);
		},
		[journey.gate.url, journey.collector.writeKey],
	);
	expect(journey.gate.batches.map(({ body }) => body.identityToken)).toEqual([
		undefined,
		"proof-of-ada",
		"proof-of-ada",
	]);
});
