import { expect, test } from "vitest";
import { useJourney } from "./support/useJourney.ts";

const journey = useJourney({
	attributes: "none",
	head: `<script type="module">
		import * as sdk from "/sdk/browser/index.js";
		import { autocapture } from "/sdk/browser/autocapture/index.js";
		Object.assign(window, { sdk, autocapture });
	</script>`,
});

async function start() {
	await journey.page.goto(journey.site.url());
	await journey.page.waitForFunction(() => "sdk" in window);
	await journey.page.evaluate(
		([host, writeKey]) => {
			window.selfsame = window.sdk.createClient({
				host: host as string,
				writeKey: writeKey as string,
				pageViews: false,
			});
		},
		[journey.gate.url, journey.collector.writeKey],
	);
}

test("plugins enrich, replace, drop and redirect, and learn what became of an event", async () => {
	await start();
	const [deliveries, after] = await journey.page.evaluate(
		async ([host, writeKey]) => {
			const { selfsame, sdk } = window;
			const other = sdk.createClient({
				host: `${host}/`,
				writeKey: writeKey as string,
				pageViews: false,
				storage: "none",
			});
			const after: string[] = [];
			selfsame.use(
				{ name: "enrich", before: ({ context }) => void Object.assign(context, { shop: "berlin" }) },
				{ name: "replace", before: (event) => (event.event === "Old" ? { ...event, event: "New" } : event) },
				{ name: "private", before: (event) => (event.event === "Secret" ? null : undefined) },
				{ name: "route", before: (event) => (event.event === "Elsewhere" ? other : undefined) },
				{
					name: "broken",
					before: (event) => (event.event === "Broken" ? (undefined as never as { x: { y: never } }).x.y : undefined),
				},
				{ name: "listen", after: (event, { status }) => void after.push(`${event.event} ${status}`) },
			);
			const names = ["Plain", "Old", "Secret", "Elsewhere", "Broken"];
			return [await Promise.all(names.map((name) => selfsame.track(name))), after] as const;
		},
		[journey.gate.url, journey.collector.writeKey],
	);
	expect(deliveries.map(({ status }) => status)).toEqual(["delivered", "delivered", "dropped", "delivered", "dropped"]);
	expect(deliveries[2]?.reason).toBe("plugin:private");
	expect(deliveries[4]?.reason).toMatch(/^error: TypeError/);
	expect(after.sort()).toEqual(["Broken dropped", "New delivered", "Plain delivered"]);
	const arrived = Object.fromEntries(journey.gate.events.map((event) => [event.event, event.context]));
	expect(arrived).toMatchObject({ Plain: { shop: "berlin" }, New: { shop: "berlin" }, Elsewhere: { shop: "berlin" } });
	expect(Object.keys(arrived)).toHaveLength(3);
});

test("autocapture tracks marked elements, links and forms, and never what was typed", async () => {
	journey.site.options.body = `
		<button id="buy" data-track="Bought" data-track-plan-name="pro"><b id="inner">Buy  now</b></button>
		<a id="out" href="https://elsewhere.example/page?secret=1">Elsewhere</a>
		<a id="file" href="/files/price-list.pdf?secret=1">Prices</a>
		<a id="in" href="/inside">Inside</a>
		<div data-track-ignore><button id="ignored" data-track="Never">No</button></div>
		<form id="signup" action="/subscribe?secret=1"><input name="email" value="typed@secret.example"><button id="send">Send</button></form>`;
	await start();
	await journey.page.evaluate(() => {
		const { selfsame, autocapture } = window as unknown as { selfsame: typeof window.selfsame; autocapture(): never };
		addEventListener("click", (event) => event.preventDefault());
		addEventListener("submit", (event) => event.preventDefault());
		selfsame.use(autocapture());
		for (const id of ["inner", "out", "file", "in", "ignored"]) document.getElementById(id)?.click();
		document.querySelector("form")?.requestSubmit();
		return selfsame.flush();
	});
	const { origin } = new URL(journey.site.url());
	expect(journey.gate.events.map(({ event, properties }) => [event, properties])).toEqual([
		["Bought", { text: "Buy now", planName: "pro" }],
		["Outbound Link Clicked", { url: "https://elsewhere.example/page", text: "Elsewhere" }],
		["File Downloaded", { url: `${origin}/files/price-list.pdf`, text: "Prices", fileName: "price-list.pdf" }],
		["Form Submitted", { id: "signup", name: "", url: `${origin}/subscribe` }],
	]);
	expect(JSON.stringify(journey.gate.events)).not.toContain("secret");
});
