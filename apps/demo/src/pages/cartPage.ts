import { html } from "hono/html";
import { type CartLine, cartTotal, deliveryCost, toEventProduct } from "../cart.ts";
import { formatPrice } from "../catalogue.ts";
import type { Customer } from "../customers.ts";
import { productArt } from "../productArt.ts";
import type { PageContent } from "./layout.ts";

export function cartPage(base: string, lines: readonly CartLine[], customer: Customer | null): PageContent {
	const total = cartTotal(lines);
	return {
		name: "Cart",
		event: {
			name: "Cart Viewed",
			properties: { value: total / 100, currency: "EUR", products: lines.map(toEventProduct) },
		},
		body: lines.length === 0 ? emptyCart(base) : filledCart(base, lines, total, customer),
	};
}

function emptyCart(base: string) {
	return html`<section class="narrow"><h1>Your cart is empty</h1><p class="lead">Nothing in it yet. The mugs go first, usually.</p>
<p><a class="button" href="${base}#pieces">See the pieces</a></p></section>`;
}

function filledCart(base: string, lines: readonly CartLine[], total: number, customer: Customer | null) {
	const delivery = deliveryCost(total);
	return html`<section><h1>Your cart</h1>
<ul class="lines">${lines.map((line, index) => cartLine(base, line, index))}</ul>
<dl class="sum"><div><dt>Delivery</dt><dd>${delivery === 0 ? "Free" : formatPrice(delivery)}</dd></div>
<div class="total"><dt>Total</dt><dd>${formatPrice(total + delivery)}</dd></div></dl>
${
	customer
		? html`<form method="post" class="to-checkout" action="${base}/checkout" data-action="checkout" data-properties="${JSON.stringify({ value: total / 100, currency: "EUR" })}"><button class="button wide">Place the order</button></form>`
		: html`<p class="to-checkout"><a class="button wide" href="${base}/sign-in?next=cart">Sign in to check out</a></p>`
}</section>`;
}

function cartLine(base: string, line: CartLine, index: number) {
	const button = (
		change: number,
		sign: string,
		label: string,
	) => html`<form method="post" action="${base}/cart" data-action="${change > 0 ? "add" : "remove"}" data-properties="${JSON.stringify({ ...toEventProduct(line), quantity: 1 })}">
<input type="hidden" name="product" value="${line.product.id}"><input type="hidden" name="glaze" value="${line.glaze.id}"><input type="hidden" name="change" value="${change}">
<button class="step" aria-label="${label} ${line.product.name}, ${line.glaze.name}">${sign}</button></form>`;
	return html`<li><span class="line-art">${productArt(line.product, line.glaze, `l${index}`)}</span>
<span class="line-text"><a href="${base}/products/${line.product.id}?glaze=${line.glaze.id}">${line.product.name}</a><span>${line.glaze.name}</span></span>
<span class="steps">${button(-1, "−", "One fewer")}<b>${line.quantity}</b>${button(1, "+", "One more")}</span>
<span class="line-price">${formatPrice(line.product.price * line.quantity)}</span></li>`;
}
