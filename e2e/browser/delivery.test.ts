import { expect, test } from "vitest";
import { useJourney } from "./support/useJourney.ts";

const journey = useJourney();
const { open, tab } = journey;
const tracked = () => journey.gate.events.filter((event) => event.type === "track").map((event) => event.event);
const named = (prefix: string, count: number) => Array.from({ length: count }, (_, i) => `${prefix}${i}`);

/** What the collector has of a visitor: names of track events, oldest first. */
async function stored(anonymousId: string) {
	const events = await journey.collector.profiles.events(`anonymous_id:${anonymousId}`);
	return events.filter((event) => event.type === "track").map((event) => event.event);
}

test("an event goes as one simple request, and its promise says what became of it", async () => {
	await open("/shoes?utm_source=mail&utm_campaign=spring&gclid=g1&token=t0p");
	expect(journey.gate.requests).toEqual([]);
	const delivery = await journey.page.evaluate(() => window.selfsame.track("Seen", { price: 3 }));
	const [event] = journey.gate.events;
	expect(delivery).toEqual({ status: "delivered", messageId: event?.messageId });
	expect(journey.gate.requests).toEqual([{ method: "POST", path: "/v1/batch" }]);
	expect(event).toMatchObject({
		type: "track",
		event: "Seen",
		properties: { price: 3 },
		context: {
			campaign: { source: "mail", name: "spring" },
			clickIds: { gclid: "g1" },
			page: { path: "/shoes", url: expect.stringContaining("&token=masked"), title: "Page /shoes" },
			library: { name: "selfsame" },
			sessionStart: true,
		},
	});
	expect(await stored(event?.anonymousId ?? "")).toEqual(["Seen"]);
});

test("30 events of 3 KB and an immediate navigation: all 30 arrive", async () => {
	await open();
	const id = await journey.page.evaluate((next) => {
		for (let i = 0; i < 30; i++) window.selfsame.track(`Big ${i}`, { filler: "x".repeat(3_000) });
		location.href = next;
		return window.selfsame.getAnonymousId();
	}, `${journey.site.url()}/next`);
	await journey.gate.until((events) => events.length >= 30);
	expect(new Set(await stored(id))).toEqual(new Set(named("Big ", 30)));
});

test("a page killed 50 ms after track() delivers on the next visit", async () => {
	await open();
	await journey.page.evaluate(() => void window.selfsame.track("Last words"));
	await new Promise((done) => setTimeout(done, 50));
	const session = await journey.context.newCDPSession(journey.page);
	session.send("Page.crash").catch(() => {});
	await journey.page.waitForEvent("crash");
	expect(tracked()).toEqual([]);
	await tab();
	await journey.gate.until((events) => events.length === 1);
	expect(tracked()).toEqual(["Last words"]);
});

test("1,000 events without a network over three reloads, then online: all, in order, once", async () => {
	await open();
	const id = await journey.page.evaluate(() => window.selfsame.getAnonymousId());
	journey.gate.fault = () => ({ cut: true });
	for (let round = 0; round < 4; round++) {
		await journey.page.evaluate((from) => {
			for (let i = from; i < from + 250; i++) window.selfsame.track(`Offline ${i}`);
		}, round * 250);
		if (round < 3) await open(`/round${round}`);
	}
	expect(tracked()).toEqual([]);
	journey.gate.fault = undefined;
	await journey.context.setOffline(true);
	await journey.context.setOffline(false);
	await journey.gate.until((events) => events.length >= 1_000);
	expect(tracked()).toEqual(named("Offline ", 1_000));
	expect(journey.gate.repeats).toBe(0);
	expect(await stored(id)).toEqual(named("Offline ", 1_000));
});

test("20 tabs with 100 events each and random closes: nothing lost, nothing stored twice", async () => {
	const seed = Date.now() % 1_000_000;
	let state = seed;
	const random = () => {
		state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
		return state / 2_147_483_648;
	};
	const tabs = await Promise.all(named("/tab", 20).map((path) => tab(path)));
	const id = await tabs[0]?.evaluate(() => window.selfsame.getAnonymousId());
	await Promise.all(
		tabs.map(async (page, index) => {
			await page.evaluate(async (name) => {
				for (let i = 0; i < 100; i++) {
					window.selfsame.track(`Tab ${name} ${i}`);
					if (i % 10 === 0) await new Promise((done) => setTimeout(done, 20));
				}
			}, index);
			if (random() < 0.5) await page.close({ runBeforeUnload: random() < 0.5 });
		}),
	);
	await tab("/last");
	await journey.gate.until((events) => events.length >= 2_000, `seed ${seed}: 2,000 events`);
	const names = await stored(id ?? "");
	const expected = new Set(Array.from({ length: 20 }, (_, tabIndex) => named(`Tab ${tabIndex} `, 100)).flat());
	expect(new Set(names), `seed ${seed}`).toEqual(expected);
	expect(names.length, `seed ${seed}`).toBe(2_000);
});

test("429 is obeyed in both forms of Retry-After, and the promise says queued", async () => {
	await open();
	const times: number[] = [];
	const waits = ["1", new Date(Date.now() + 4_000).toUTCString()];
	journey.gate.fault = (_, index) => {
		times.push(Date.now());
		const retryAfter = waits[index];
		return retryAfter ? { status: 429, retryAfter } : undefined;
	};
	const delivery = await journey.page.evaluate(() => window.selfsame.track("Patient"));
	expect(delivery.status).toBe("queued");
	await journey.gate.until((events) => events.length === 1);
	expect((times[1] as number) - (times[0] as number)).toBeGreaterThanOrEqual(950);
	expect(times[2]).toBeGreaterThanOrEqual(Date.parse(waits[1] as string) - 50);
	expect(tracked()).toEqual(["Patient"]);
});

test.each([
	["503", { status: 503 }],
	["the 200 of somebody else's sign-in page", { status: 200 }],
	["503 after it was stored", { status: 503, after: true }],
	["a cut connection", { cut: true }],
	["a connection cut after it was stored", { cut: true, after: true }],
	["no answer at all", { hang: true }],
] as const)("survives %s: delivered once, in order", async (_, fault) => {
	journey.site.options.attributes = 'data-page-views="false" data-timeout="1000"';
	await open();
	journey.gate.fault = (_, index) => (index < 2 ? fault : undefined);
	const id = await journey.page.evaluate(async () => {
		window.selfsame.track("One");
		const delivery = await window.selfsame.track("Two");
		if (delivery.status !== "queued") throw new Error(delivery.status);
		window.selfsame.track("Three");
		return window.selfsame.getAnonymousId();
	});
	await journey.gate.until((events) => events.length === 3);
	expect(await stored(id)).toEqual(["One", "Two", "Three"]);
});

test("413 halves the batch until it fits; an event that never fits is dropped, and told", async () => {
	await open();
	journey.gate.fault = ({ body }) =>
		body.batch.length > 3 || body.batch.some((event) => event.event === "E5") ? { status: 413 } : undefined;
	const deliveries = await journey.page.evaluate(() =>
		Promise.all(Array.from({ length: 20 }, (_, i) => window.selfsame.track(`E${i}`))),
	);
	expect(deliveries.map(({ status }) => status)).toEqual(
		named("", 20).map((i) => (i === "5" ? "dropped" : "delivered")),
	);
	expect(deliveries[5]?.reason).toBe("too_large");
	expect(tracked()).toEqual(named("E", 20).filter((name) => name !== "E5"));
});

test("a permanent status drops with its reason; one bad event does not take its batch along", async () => {
	await open();
	journey.gate.fault = (_, index) => (index === 0 ? { status: 401 } : undefined);
	const [refused, bad, good] = await journey.page.evaluate(async () => {
		const first = await window.selfsame.track("Refused");
		const both = await Promise.all([window.selfsame.track(""), window.selfsame.track("Good")]);
		return [first, ...both];
	});
	expect(refused).toMatchObject({ status: "dropped", reason: "http_401" });
	expect(bad?.status).toBe("dropped");
	expect(good?.status).toBe("delivered");
	expect(await journey.page.evaluate(() => Object.keys(localStorage).filter((key) => key.length > 60))).toEqual([]);
});

test("large bodies are packed, without a preflight", async () => {
	await open();
	await journey.page.evaluate(() => window.selfsame.track("Packed", { text: "again and ".repeat(500) }));
	expect(journey.gate.batches[0]).toMatchObject({ gzipped: true });
	expect(journey.gate.batches[0]?.size).toBeLessThan(2_000);
	expect(journey.gate.requests.map(({ method }) => method)).toEqual(["POST"]);
});

test.each([1, -1])("a clock wrong by %i day still gives the right time and delivers", async (days) => {
	const page = await journey.visitor(
		days > 0
			? () => {
					const now = Date.now;
					const Real = Date;
					window.Date = class extends Real {
						constructor(...args: [number]) {
							super(...(args.length ? args : ([now() + 86_400_000] as [number])));
						}
						static override now = () => now() + 86_400_000;
					} as DateConstructor;
				}
			: () => {
					const now = Date.now;
					const Real = Date;
					window.Date = class extends Real {
						constructor(...args: [number]) {
							super(...(args.length ? args : ([now() - 86_400_000] as [number])));
						}
						static override now = () => now() - 86_400_000;
					} as DateConstructor;
				},
	);
	await open("/", page);
	const before = Date.now();
	const id = await page.evaluate(async () => {
		await window.selfsame.track("Skewed");
		return window.selfsame.getAnonymousId();
	});
	expect(Math.abs(Date.parse(journey.gate.events[0]?.timestamp ?? "") - before - days * 86_400_000)).toBeLessThan(
		60_000,
	);
	const [event] = await journey.collector.profiles.events(`anonymous_id:${id}`);
	expect(Math.abs(Date.parse((event as unknown as { timestamp: string }).timestamp) - before)).toBeLessThan(30_000);
});

test("a full storage: events stay in memory and arrive", async () => {
	await open();
	const statuses = await journey.page.evaluate(async () => {
		let size = 1_000_000;
		for (let i = 0; size >= 1; i++) {
			try {
				localStorage.setItem(`filler${i}`, "x".repeat(size));
			} catch {
				size = Math.floor(size / 2);
			}
		}
		return Promise.all([1, 2, 3].map((i) => window.selfsame.track(`Full ${i}`).then(({ status }) => status)));
	});
	expect(statuses).toEqual(["delivered", "delivered", "delivered"]);
	expect(tracked()).toEqual(["Full 1", "Full 2", "Full 3"]);
});

test("a forbidden storage: memory, with the same semantics", async () => {
	const page = await journey.visitor(() => {
		for (const name of ["localStorage", "sessionStorage"]) {
			Object.defineProperty(window, name, {
				get() {
					throw new DOMException("forbidden", "SecurityError");
				},
			});
		}
		Object.defineProperty(Document.prototype, "cookie", {
			get() {
				throw new DOMException("forbidden", "SecurityError");
			},
			set() {
				throw new DOMException("forbidden", "SecurityError");
			},
		});
	});
	await open("/", page);
	journey.gate.fault = (_, index) => (index === 0 ? { status: 503 } : undefined);
	const statuses = await page.evaluate(async () => {
		const first = await window.selfsame.track("First");
		const second = await window.selfsame.identify("u-forbidden");
		return [first.status, second.status];
	});
	expect(statuses).toEqual(["queued", expect.stringMatching(/queued|delivered/)]);
	await journey.gate.until((events) => events.length === 2);
	const [first, second] = journey.gate.events;
	expect(second?.anonymousId).toBe(first?.anonymousId);
});

test("storage emptied by the site or the user while events wait: they arrive all the same, under the same id", async () => {
	await open();
	await journey.context.setOffline(true);
	const id = await journey.page.evaluate(async () => {
		window.selfsame.track("Before");
		await window.selfsame.flush();
		const id = window.selfsame.getAnonymousId();
		localStorage.clear();
		window.selfsame.track("After");
		await window.selfsame.flush();
		return id;
	});
	await journey.context.clearCookies();
	await journey.context.setOffline(false);
	await journey.gate.until((events) => events.length === 2);
	expect(journey.gate.events.map((event) => [event.event, event.anonymousId])).toEqual([
		["Before", id],
		["After", id],
	]);
	expect(await journey.page.evaluate(() => window.selfsame.getAnonymousId())).toBe(id);
});

test("10,000 calls in a row: each is one write at the most, and each ends as delivered or dropped", async () => {
	await open();
	const { writes, statuses } = await journey.page.evaluate(async () => {
		let writes = 0;
		const set = Storage.prototype.setItem;
		Storage.prototype.setItem = function (...pair) {
			writes += 1;
			set.apply(this, pair);
		};
		const calls = Array.from({ length: 10_000 }, (_, index) => window.selfsame.track("Burst", { index }));
		const statuses: Record<string, number> = {};
		for (const { status } of await Promise.all(calls)) statuses[status] = (statuses[status] ?? 0) + 1;
		return { writes, statuses };
	});
	const { delivered = 0, dropped = 0, ...others } = statuses;
	expect(others).toEqual({});
	// The queue holds 2,000: more than that in one task go at the expense of the oldest, and are told.
	expect(delivered).toBeGreaterThanOrEqual(2_000);
	expect(delivered + dropped).toBe(10_000);
	expect(writes).toBeLessThan(10_100);
});
