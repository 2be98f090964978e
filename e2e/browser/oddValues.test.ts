import { expect, test } from "vitest";
import { useJourney } from "./support/useJourney.ts";

const journey = useJourney();

const events = async (user: string, count: number) => {
	const profile = await journey.collector.profiles.until(`user_id:${user}`, ({ eventCount }) => eventCount >= count);
	return (await journey.collector.profiles.events(profile.id)).reverse();
};

test("what JSON cannot say is left out, and removes no trait", async () => {
	await journey.open();
	await journey.page.evaluate(async () => {
		const loop: Record<string, unknown> = { keep: 1 };
		loop.loop = loop;
		const node = document.createElement("a");
		Object.assign(node, { __reactFiber$x: { stateNode: node } });
		await window.selfsame.identify("odd", { ltv: 100, seen: "2026-01-01" });
		await window.selfsame.identify("odd", { ltv: 0 / 0, seen: new Date("garbage"), map: new Map(), plan: null });
		const properties = [
			{ keep: 1, big: 10n },
			loop,
			{ keep: 1, node },
			{ keep: 1, fn: () => 1, symbol: Symbol("s"), empty: {}, set: new Set() },
			Object.defineProperty({ keep: 1 }, "bad", {
				enumerable: true,
				get() {
					throw new Error("no");
				},
			}),
			JSON.parse('{"keep":1,"__proto__":{"x":1},"toString":2}'),
		];
		for (const one of properties) await window.selfsame.track("Odd", one);
		for (const one of ["text", 7, ["a", "b"], null, true]) await window.selfsame.track("Plain", one as never);
	});
	const profile = await journey.collector.profiles.until("user_id:odd", ({ eventCount }) => eventCount === 13);
	expect(profile.traits).toEqual({ ltv: 100, seen: "2026-01-01" });
	const all = await journey.collector.profiles.events(profile.id);
	const kept = all
		.filter(({ event }) => event === "Odd")
		.map(({ properties }) => (properties as { keep: number }).keep);
	expect(kept).toEqual([1, 1, 1, 1, 1, 1]);
	for (const { properties } of all.filter(({ event }) => event === "Plain")) expect(properties ?? {}).toEqual({});
});

test("an id that no collector takes is not kept: what follows arrives, on this page and on the next", async () => {
	for (const [at, bad] of [2 ** 60, "x".repeat(1_025), Number.NaN, "undefined", "null", " ", {}, true].entries()) {
		const page = await journey.visitor();
		await journey.open("/", page);
		const first = await page.evaluate(async (id) => {
			const before = window.selfsame.getAnonymousId();
			await window.selfsame.identify(id as never);
			window.selfsame.setAnonymousId(id as never);
			const { status } = await window.selfsame.track("Same page");
			return [status, window.selfsame.getAnonymousId() === before];
		}, bad);
		expect([at, ...first]).toEqual([at, "delivered", true]);
		await page.reload();
		await page.waitForFunction(() => typeof window.selfsame?.flush === "function");
		expect(await page.evaluate(async () => (await window.selfsame.track("Next page")).status)).toBe("delivered");
	}
});

test("what another tool left as an id for nobody is not taken over, nor what was stored badly before", async () => {
	for (const value of ["null", '"null"', "undefined", "[object Object]", "0", "", "x".repeat(2_000)]) {
		const page = await journey.visitor();
		await page.goto(`${journey.site.url()}/blank`);
		await page.evaluate((text) => {
			localStorage.setItem("ajs_anonymous_id", text);
			localStorage.setItem("selfsame_id", JSON.stringify({ a: text, u: text }));
			// biome-ignore lint/suspicious/noDocumentCookie: as other tools write it
			document.cookie = `ajs_anonymous_id=${encodeURIComponent(text).slice(0, 3_000)};path=/`;
			// biome-ignore lint/suspicious/noDocumentCookie: as other tools write it
			document.cookie = `selfsame_id=${encodeURIComponent(text).slice(0, 3_000)};path=/`;
		}, value);
		await journey.open("/", page);
		expect(await page.evaluate(() => window.selfsame.getAnonymousId()), value.slice(0, 20)).toMatch(/^[\da-f-]{36}$/);
		await page.evaluate(() => window.selfsame.identify("taken-over"));
		expect(await page.evaluate(() => window.selfsame.getAnonymousId())).toMatch(/^[\da-f-]{36}$/);
	}
});

test("a full storage joins no two people", async () => {
	await journey.open();
	const seen = await journey.page.evaluate(async () => {
		await window.selfsame.track("Warm");
		for (let size = 1 << 20, n = 0; size; ) {
			try {
				localStorage.setItem(`fill${n}`, "x".repeat(size));
				n++;
			} catch {
				size >>= 1;
			}
		}
		const seen: unknown[][] = [];
		window.selfsame.use({
			name: "see",
			before: (event) => void seen.push([Reflect.get(event, "userId"), Reflect.get(event, "anonymousId")]),
		});
		await window.selfsame.identify("full-ann");
		await window.selfsame.track("A");
		await window.selfsame.identify("full-ben");
		await window.selfsame.track("B");
		return seen;
	});
	expect(seen.map(([user]) => user)).toEqual(["full-ann", "full-ann", "full-ben", "full-ben"]);
	expect(seen[3]?.[1]).not.toBe(seen[0]?.[1]);
});

test("plugins may be asynchronous, and a long address is cut", async () => {
	await journey.open();
	await journey.page.evaluate(async () => {
		history.replaceState(null, "", `/?q=${"y".repeat(200_000)}`);
		window.selfsame.use({
			name: "shop",
			async before(event: { context: Record<string, unknown> }) {
				await new Promise((done) => setTimeout(done, 20));
				event.context.shop = "berlin";
			},
		});
		await window.selfsame.identify("async");
		await window.selfsame.track("Async");
	});
	const all = await events("async", 2);
	expect(all.map(({ context }) => (context as { shop: string }).shop)).toEqual(["berlin", "berlin"]);
	const [, last] = all as unknown as [unknown, { context: { page: { url: string } } }];
	expect(last.context.page.url.length).toBeLessThan(10_000);
});

test("an author's time is read as the collector reads it", async () => {
	const { browser, site } = journey;
	const context = await browser.newContext({ timezoneId: "America/New_York" });
	const page = await context.newPage();
	await page.goto(site.url());
	await page.waitForFunction(() => typeof window.selfsame?.flush === "function");
	await page.evaluate(async () => {
		await window.selfsame.identify("times");
		for (const timestamp of [
			"2026-01-02T03:04:05",
			"2026-01-02 03:04:05",
			"2026-01-02T03:04:05+01:00",
			"2026-01-02",
			1_767_323_045_000,
			1_767_323_045,
			"soon",
		]) {
			await window.selfsame.track("Timed", {}, { timestamp });
		}
	});
	const times = (await events("times", 8))
		.filter(({ event }) => event === "Timed")
		.map((event) => Reflect.get(event, "timestamp") as string);
	const given = times.filter((time) => String(time).startsWith("2026-01-02"));
	expect(given.sort()).toEqual([
		"2026-01-02T00:00:00.000Z",
		"2026-01-02T02:04:05.000Z",
		"2026-01-02T03:04:05.000Z",
		"2026-01-02T03:04:05.000Z",
		"2026-01-02T03:04:05.000Z",
	]);
	expect(times.some((time) => String(time).startsWith("1970"))).toBe(false);
	await context.close();
});

test("warnings: once a cause, with what the server says, for options and unreadable consent too", async () => {
	const warnings: string[] = [];
	journey.page.on("console", (message) => message.type() === "warning" && warnings.push(message.text()));
	journey.site.options.attributes = 'data-page-views="false" data-flush-atx="3" data-consent="perhaps"';
	await journey.open();
	const [pending, ...statuses] = await journey.page.evaluate(async () => {
		const pending = await window.selfsame.track("Waits");
		window.selfsame.setConsent("granted");
		return [pending.status, (await window.selfsame.track("Goes")).status];
	});
	expect([pending, ...statuses]).toEqual(["queued", "delivered"]);
	expect(warnings).toEqual(["selfsame: no option flushAtx; did you mean flushInterval?"]);
	journey.site.options.writeKey = "wk_unknown";
	await journey.open();
	await journey.page.evaluate(async () => {
		window.selfsame.setConsent("granted");
		for (let i = 0; i < 3; i++) await window.selfsame.track("Lost");
	});
	expect(warnings.filter((text) => text.includes("401"))).toEqual([
		expect.stringMatching(/401 .*selfsame sources list/),
	]);
});
