import { html } from "hono/html";
import { formatPrice } from "../catalogue.ts";
import type { Customer } from "../customers.ts";
import type { PageContent } from "./layout.ts";

/** An order that was placed, as the page after it needs it. */
export interface Order {
	id: string;
	/** Euro cents. */
	total: number;
	products: Record<string, unknown>[];
}

export function thankYouPage(base: string, order: Order, customer: Customer | null): PageContent {
	const properties = { order_id: order.id, revenue: order.total / 100, currency: "EUR", products: order.products };
	return {
		name: "Thank you",
		event: { name: "Order Completed", properties, once: order.id },
		body: html`
<section class="narrow thanks">
	<svg viewBox="0 0 120 120" width="104" height="104" aria-hidden="true"><circle cx="60" cy="60" r="56" fill="#dcebe4"/><path d="M34 62l18 18 36-40" fill="none" stroke="#1f5c57" stroke-width="10" stroke-linecap="round" stroke-linejoin="round"/></svg>
	<h1>Thank you${customer ? `, ${customer.name.split(" ")[0]}` : ""}</h1>
	<p class="lead">Order <b>${order.id}</b> over ${formatPrice(order.total)} is on the list for Friday's firing. It leaves the studio in four days.</p>
	<p>Look at the profile: what you did before you signed in is part of it now.</p>
	<p><a class="button" href="${base}">Back to the shop</a></p>
</section>`,
	};
}
