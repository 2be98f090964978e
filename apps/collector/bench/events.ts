import { randomUUID } from "node:crypto";

/** An event as a client sends it. */
export interface WireEvent {
	type: string;
	event?: string;
	name?: string;
	messageId: string;
	userId?: string;
	anonymousId: string;
	timestamp: string;
	properties: object;
	traits?: object;
	context: object;
}

const context = {
	page: { path: "/products/mug", url: "https://shop.example/products/mug", title: "Mug", referrer: "" },
	userAgent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Safari/537.36",
	locale: "en-GB",
	library: { name: "selfsame", version: "0.1.0" },
};
const properties = { product: "A mug that keeps its promises", price: 12.5, currency: "EUR", quantity: 1 };

let made = 0;
/** Visits of 20 events, a hundred interleaved: anonymous pages, a sign-in, then events that carry both ids. */
export function makeEvents(count: number): WireEvent[] {
	return Array.from({ length: count }, () => {
		const index = made++;
		const visitor = Math.floor(index / 2_000) * 100 + (index % 100);
		const step = Math.floor((index % 2_000) / 100);
		const base = {
			messageId: randomUUID(),
			anonymousId: `a-${visitor}`,
			timestamp: new Date(Date.UTC(2026, 0, 1) + index * 10).toISOString(),
			properties,
			context,
		};
		if (step < 5 || visitor % 5 === 0) return { ...base, type: "page", name: "Product" };
		const userId = `u-${visitor}`;
		if (step === 5) return { ...base, type: "identify", userId, traits: { name: "Ann", plan: "free" } };
		return { ...base, type: "track", event: "Product Viewed", userId };
	});
}

/** Events in parts of a size, the last one perhaps smaller. */
export const chunks = (events: WireEvent[], size: number): WireEvent[][] =>
	Array.from({ length: Math.ceil(events.length / size) }, (_, i) => events.slice(i * size, (i + 1) * size));

/** The body of a batch. */
export const toBatch = (events: WireEvent[]): string =>
	JSON.stringify({ batch: events, sentAt: new Date().toISOString() });
