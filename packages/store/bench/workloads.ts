import { randomUUID } from "node:crypto";
import type { AcceptedEvent } from "@selfsame/protocol";

/** What an event of a shop looks like on the wire, so that stored bytes are those of real life. */
const payload = JSON.stringify({
	properties: {
		product: "A mug that keeps its promises",
		price: 12.5,
		currency: "EUR",
		quantity: 1,
		category: "kitchen",
	},
	context: {
		page: { path: "/products/mug", url: "https://shop.example/products/mug", title: "Mug", referrer: "" },
		userAgent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Safari/537.36",
		locale: "en-GB",
		timezone: "Europe/Rome",
		library: { name: "selfsame", version: "0.1.0" },
	},
});

const start = Date.UTC(2026, 0, 1);

function event(index: number, parts: Partial<AcceptedEvent> & Pick<AcceptedEvent, "type" | "claims">): AcceptedEvent {
	const timestamp = start + index * 10;
	return {
		source: "web",
		trust: "server",
		messageId: randomUUID(),
		timestamp,
		receivedAt: timestamp,
		payload,
		...parts,
	};
}

/** Makes the events numbered `from` to `to` of an endless stream. */
export type Workload = (from: number, to: number) => AcceptedEvent[];

const range = <T>(from: number, to: number, make: (index: number) => T): T[] =>
	Array.from({ length: to - from }, (_, offset) => make(from + offset));

/**
 * The usual mix: visits of 20 events interleaved a hundred at a time; 5 anonymous pages, a sign-in with two traits, then
 * events that carry both ids. Every fifth visitor never signs in.
 */
export const usual: Workload = (from, to) =>
	range(from, to, (index) => {
		const block = Math.floor(index / 2_000);
		const visitor = block * 100 + (index % 100);
		const step = Math.floor((index % 2_000) / 100);
		const anonymousId = `a-${visitor}`;
		if (step < 5 || visitor % 5 === 0) return event(index, { type: "page", name: "Product", claims: { anonymousId } });
		const claims = { anonymousId, userId: `u-${visitor}` };
		if (step === 5) return event(index, { type: "identify", claims, traits: { name: "Ann", plan: "free" } });
		return event(index, { type: "track", name: "Product Viewed", claims });
	});

/** Nothing but sign-ins: each pair of events is a new device and its claim by one of many users. */
export const signIns: Workload = (from, to) =>
	range(from, to, (index) => {
		const device = Math.floor(index / 2);
		const anonymousId = `d-${device}`;
		if (index % 2 === 0) return event(index, { type: "page", name: "Home", claims: { anonymousId } });
		return event(index, { type: "identify", claims: { anonymousId, userId: `s-${device % 5_000}` }, traits: { n: 1 } });
	});

/** Shared devices, late and in the wrong order: every event is contested, and a third come before what is stored. */
export const adversarial: Workload = (from, to) =>
	range(from, to, (index) => {
		const device = Math.floor(index / 64);
		const jump = index % 3 === 0 ? -((index * 7919) % 5_000) : 0;
		const claims = { anonymousId: `k-${device}`, userId: `x-${(index * 31) % 8}-${device % 50}` };
		const made = event(index, { type: "track", name: "Till Used", claims });
		return { ...made, timestamp: made.timestamp + jump };
	});
